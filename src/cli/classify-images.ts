import '#backends';
import type { Classification } from '../vision/decode-predictions.js';
import { predictStream, type StreamPrediction } from '../vision/predict-stream.js';
import { cifar10Labels } from '../models/labels/cifar10.js';
import { readLabels } from './class-names.js';
import { imageArguments, type Failure, type NamedImage } from './image-arguments.js';
import { embeddedName, loadModel, type WeightsOptions } from './load-model.js';
import { withProgressBar } from './progress-bar.js';

/** The options of `skipscale classify`. */
export interface ClassifyOptions extends Omit<WeightsOptions, 'weights'> {
  weights?: string;
  labels?: string;
  top: number;
  json?: boolean;
}

/** What an image shows. */
interface Answer {
  readonly image: string;
  readonly classes: readonly Classification[];
}

/** Said where nobody says which network. */
const EMBEDDED_NOTE =
  `skipscale: this is the ResNet-20 that comes with the package; it knows CIFAR-10's ten classes only (${cifar10Labels.join(', ')}). ` +
  "ImageNet's thousand take weights, which are downloaded: --model resnet50 --weights imagenet";

/** Prints what each image shows, or why that cannot be said; in the latter case the exit code is 1. */
export async function classifyImages(args: readonly string[], options: ClassifyOptions): Promise<void> {
  const weights = options.weights ?? embeddedName(options.model);
  const labels = options.labels === undefined ? undefined : await readLabels(options.labels);
  const images = await imageArguments(args);
  const answers = images.some(isNamed)
    ? await answerAll(images, { ...options, weights }, labels)
    : (images as Failure[]);
  print(answers, options.json ?? false);
  if (answers.some((answer) => 'error' in answer)) process.exitCode = 1;
  const isEmbedded = options.weights === undefined && answers.some((answer) => 'classes' in answer);
  if (isEmbedded && !options.json) console.error(EMBEDDED_NOTE);
}

function isNamed(image: NamedImage | Failure): image is NamedImage {
  return 'source' in image;
}

async function answerAll(
  images: readonly (NamedImage | Failure)[],
  options: ClassifyOptions & WeightsOptions,
  labels: readonly string[] | undefined,
): Promise<(Answer | Failure)[]> {
  const named = images.filter(isNamed);
  const model = await loadModel(options, labels?.length);
  try {
    model.fuse();
    const top = Math.min(options.top, model.classes!);
    const answers: (Answer | Failure)[] = [];
    await withProgressBar(named.length, async (onProgress) => {
      const image = ({ source }: NamedImage) => source;
      for await (const found of predictStream(model, named, { image, top, labels })) {
        answers.push(answerOf(found));
        onProgress(answers.length);
      }
    });
    const next = answers.values();
    return images.map((image) => (isNamed(image) ? next.next().value! : image));
  } finally {
    model.dispose();
  }
}

function answerOf({ item, classes, error }: StreamPrediction<NamedImage>): Answer | Failure {
  const { image } = item;
  return error ? { image, error: reason(item, error) } : { image, classes };
}

/** Why an image has no answer, in one line that names it. */
function reason({ image }: NamedImage, { message }: Error): string {
  if (/\.hei[cf]$/i.test(image) && message.includes('cannot be decoded'))
    return `${image} cannot be decoded: HEIC is not among what sharp reads here. Convert it to JPEG.`;
  const name = image === '-' ? 'Standard input' : image;
  const line = message.replace(/\s*\n\s*/g, '; ').replace(/^The image(?= )/, name);
  return line.includes(name) ? line : `${name}: ${line}`;
}

function print(answers: readonly (Answer | Failure)[], json: boolean): void {
  if (json) {
    console.log(JSON.stringify(answers, null, 2));
    return;
  }
  for (const answer of answers) {
    if ('error' in answer) {
      console.error(`skipscale: ${answer.error}`);
      continue;
    }
    console.log(answer.image);
    for (const { label, probability } of answer.classes) {
      console.log(`  ${(100 * probability).toFixed(1).padStart(5)} %  ${label}`);
    }
  }
}
