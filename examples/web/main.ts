// A page that names what a photo shows. `?weights=URL` takes another network from the start.
import { classify, load, pretrained, type ImageClassifier } from 'skipscale';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const image = element<HTMLInputElement>('image');
const picture = element<HTMLImageElement>('picture');
const status = element('status');

let model: ImageClassifier | undefined;

/** Takes the network that `loading` gives; where it fails, the one before stays. */
async function use(loading: Promise<ImageClassifier>): Promise<void> {
  status.textContent = 'Loading the network …';
  const next = (await loading).fuse();
  model?.dispose();
  model = next;
  image.disabled = false;
  status.textContent = `${model.architecture.name} is ready. It knows ${model.classes} classes.`;
}

async function show(file: Blob): Promise<void> {
  picture.hidden = true;
  element('classes').replaceChildren();
  if (!model) throw new Error('The network is not loaded yet.');
  const classes = await classify(model, file);
  URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(file);
  picture.hidden = false;
  const lines = classes.map(({ label, probability }) => {
    const line = document.createElement('li');
    line.textContent = `${(100 * probability).toFixed(1)} % ${label}`;
    return line;
  });
  element('classes').replaceChildren(...lines);
  status.textContent = `${model.architecture.name} says:`;
}

/** Does the work, and says on the page what went wrong. */
function report(work: Promise<void>): void {
  work.catch((error: Error) => (status.textContent = error.message));
}

function chosen(event: Event): File | undefined {
  const input = event.target as HTMLInputElement;
  const file = input.files?.[0];
  // So that the same file may be chosen again.
  if (file) setTimeout(() => (input.value = ''));
  return file;
}

element('weights').onchange = (event) => {
  const file = chosen(event);
  if (file) report(use(load(file)));
};
image.onchange = (event) => {
  const file = chosen(event);
  if (file) report(show(file));
};
document.ondragover = (event) => event.preventDefault();
document.ondrop = (event) => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file) report(show(file));
};

const address = new URLSearchParams(location.search).get('weights');
report(use(address ? load(address) : pretrained('resnet20')));
