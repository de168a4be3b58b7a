import { readFile } from '#read-file';
import { SingleBar } from 'cli-progress';
import { Command } from 'commander';
import {
  cifar10Labels,
  classify,
  conventionNames,
  modelNames,
  pretrainedWeights,
  type Classification,
} from '../index.js';
import { positiveInteger } from './arguments.js';
import { loadModel, type WeightsOptions } from './load-model.js';

interface ClassifyOptions extends Omit<WeightsOptions, 'weights'> {
  weights?: string;
  labels?: string;
  top: number;
  json?: boolean;
}

/** With at least this many images a progress bar is worth its line. */
const MANY_IMAGES = 10;

/** Said where nobody says which network. */
const EMBEDDED_NOTE =
  `skipscale: this is the ResNet-20 that comes with the package; it knows CIFAR-10's ten classes only (${cifar10Labels.join(', ')}). ` +
  "ImageNet's thousand take weights, which are downloaded: --model resnet50 --weights imagenet";

/** `skipscale classify IMAGE… [--weights NAME|FILE] [--model NAME]` */
export function classifyCommand(): Command {
  return new Command('classify')
    .description('Say what images show.')
    .argument('<image...>', 'paths or URLs of JPEG, PNG, WebP or GIF images')
    .option(
      '--weights <name|file>',
      "imagenet, cifar10 or a name such as timm/resnet50.a1_in1k; or a path, a URL or hf://owner/name/file of safetensors, PyTorch or Keras (default: the package's own for CIFAR-10)",
    )
    .option('--model <name>', `one of ${modelNames.join(', ')} (default: what the weights are of)`)
    .option(
      '--convention <name>',
      `whose padding and preprocessing: ${conventionNames.join(', ')} (default: the weights' or the model's)`,
    )
    .option(
      '--labels <file>',
      'a text file with a class name a line (default: the ones of CIFAR-10 or ImageNet)',
    )
    .option('--top <n>', 'how many classes to name', positiveInteger, 5)
    .option('--json', 'print JSON')
    .action(async (images: string[], options: ClassifyOptions) => {
      const labels = options.labels === undefined ? undefined : await readLabels(options.labels);
      const model = await loadModel(
        { ...options, weights: options.weights ?? embedded(options) },
        labels?.length,
      );
      try {
        model.fuse();
        const results = await withProgress(images.length, (onProgress) =>
          classify(model, images, { top: Math.min(options.top, model.classes!), labels, onProgress }),
        );
        print(images, results, options.json ?? false);
      } finally {
        model.dispose();
      }
    });
}

/** The name of the weights that come with the package; says what they are for. */
function embedded({ model = 'resnet20' }: ClassifyOptions): string {
  const { name, model: known } = pretrainedWeights.find(({ dataset }) => dataset === 'cifar10')!;
  if (model !== known) {
    throw new Error(
      `Only ${known} comes with weights; for ${model}, give --weights imagenet or --weights FILE.`,
    );
  }
  console.error(EMBEDDED_NOTE);
  return name;
}

async function readLabels(file: string): Promise<string[]> {
  const text = new TextDecoder().decode(await readFile(file));
  const labels = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (labels.length === 0) throw new Error(`${file} holds no labels; give a file with a class name a line.`);
  return labels;
}

/** Runs `work` with a progress bar on standard error where a person watches and there is something to wait for. */
async function withProgress<T>(
  total: number,
  work: (onProgress: (done: number) => void) => Promise<T>,
): Promise<T> {
  if (total < MANY_IMAGES || !process.stderr.isTTY) return work(() => {});
  const bar = new SingleBar({ format: '{bar} {value}/{total} images, {eta} s left', stream: process.stderr });
  bar.start(total, 0);
  try {
    return await work((done) => bar.update(done));
  } finally {
    bar.stop();
  }
}

function print(images: readonly string[], results: readonly Classification[][], json: boolean): void {
  if (json) {
    console.log(
      JSON.stringify(
        images.map((image, i) => ({ image, classes: results[i] })),
        null,
        2,
      ),
    );
    return;
  }
  images.forEach((image, i) => {
    console.log(image);
    for (const { label, probability } of results[i]!) {
      console.log(`  ${(100 * probability).toFixed(1).padStart(5)} %  ${label}`);
    }
  });
}
