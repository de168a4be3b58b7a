// A page that names what an image shows. `?model=resnet20&weights=URL` loads a network at once.
import { buildModel, classify, loadWeights, modelNames, type ImageClassifier } from 'skipscale';

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const select = element<HTMLSelectElement>('model');
const picture = element<HTMLImageElement>('picture');
const status = element('status');

let model: ImageClassifier | undefined;

async function load(name: string, weights: string | Uint8Array): Promise<void> {
  model?.dispose();
  model = undefined;
  status.textContent = `Loading ${name} …`;
  const loading = buildModel(name, { initialize: false });
  const { source } = await loadWeights(loading, weights);
  model = loading.fuse();
  status.textContent = `${name} is ready, with weights named as ${source}'s.`;
}

async function show(file: Blob): Promise<void> {
  if (!model) throw new Error('Choose a network and its weights first.');
  URL.revokeObjectURL(picture.src);
  picture.src = URL.createObjectURL(file);
  await picture.decode();
  const classes = await classify(model, picture);
  const lines = classes.map(({ label, probability }) => {
    const line = document.createElement('li');
    line.textContent = `${(100 * probability).toFixed(1)} % ${label}`;
    return line;
  });
  element('classes').replaceChildren(...lines);
}

/** Does the work, and says on the page what went wrong. */
function report(work: Promise<void>): void {
  work.catch((error: Error) => (status.textContent = error.message));
}

select.append(...modelNames.map((name) => new Option(name)));
element<HTMLInputElement>('weights').onchange = async ({ target }) => {
  const file = (target as HTMLInputElement).files![0];
  if (file) report(load(select.value, new Uint8Array(await file.arrayBuffer())));
};
element<HTMLInputElement>('image').onchange = ({ target }) => {
  const file = (target as HTMLInputElement).files![0];
  if (file) report(show(file));
};
document.ondragover = (event) => event.preventDefault();
document.ondrop = (event) => {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file) report(show(file));
};

const query = new URLSearchParams(location.search);
const [name, weights] = [query.get('model'), query.get('weights')];
if (name) select.value = name;
if (name && weights) report(load(name, weights));
