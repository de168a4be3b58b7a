import { Command } from 'commander';
import { mkdir } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { BatchWorkers, certainty, evaluate, modelNames, saveWeights, type Evaluation } from '../index.js';
import { replaceFile } from '../core/replace-file.js';
import { hasCheckpoints } from '../training/checkpoint-folder.js';
import { integer, listOf, names, number, oneOf, positiveInteger, wholeNumber } from './arguments.js';
import { chanceWarning, formatCertainty } from './fine-tune-report.js';
import { followTraining } from './follow-training.js';
import { formatEvaluation } from './format-evaluation.js';
import { addShapeOptions } from './model-options.js';
import {
  prepareTraining,
  type PlacedOptions,
  type Prepared,
  type TrainCommandOptions,
} from './prepare-training.js';
import { augmentations, optimizers, schedules, scratchDefaults } from './training-options.js';
import type { WorkerParameters } from './training-worker.js';

const modes = `
Fine-tuning: without --model, or with --from, a network that knows other images learns yours. It starts with the ResNet-20
that comes with the package, or with the weights of --from; what is not given is chosen by the number of images, and
printed with the reasons. A new head is made where the classes are others.

From scratch: with --model and without --from, the network starts with random weights. That takes thousands of images.
The defaults are --validation ${0.1}, --epochs ${scratchDefaults.epochs}, --batch-size ${scratchDefaults.batchSize}, --lr ${scratchDefaults.lr}, --augment ${scratchDefaults.augment.join(',')}.

Examples:
  skipscale train photos/
  skipscale train photos/ --from imagenet --model resnet50
  skipscale train cifar.tar.gz --model resnet20 --epochs 80 --lr 0.2 --schedule one-cycle --out run`;

/** `skipscale train DATA [--from WEIGHTS] [--model NAME] [--out RUN]` */
export function trainCommand(): Command {
  const command = new Command('train')
    .description(
      'Train a network on images of your own, with checkpoints; Ctrl-C stops it, --resume continues it.',
    )
    .argument('[data]', 'a folder or tar archive with one folder a class; files of CIFAR or MNIST')
    .option('--data <path>', 'the same, for older commands')
    .option(
      '--out <folder>',
      'where checkpoints, log.csv and at the end model.safetensors go (default: the name of the data and -model)',
    )
    .option(
      '--from <weights>',
      'what to fine-tune: imagenet, cifar10, a name such as timm/resnet50.a1_in1k, a file, a URL, or the folder of a training (default: the ResNet-20 of the package)',
    )
    .option('--model <name>', `one of ${modelNames.join(', ')}; without --from it is trained from scratch`)
    .option('--epochs <n>', 'how often to go through the data', positiveInteger)
    .option('--batch-size <n>', 'images of a step', positiveInteger)
    .option('--lr <rate>', 'the highest learning rate', number)
    .option('--validation <share|path>', 'a share of the data to hold out, or other data of any such kind')
    .option('--augment <list>', `${names(augmentations)}; or none`, listOf(augmentations))
    .option('--freeze <list>', 'parts that stay as they are, such as stem,stages.0; or none', parts)
    .option('--reset-head', 'start with a new head though the classes are the same')
    .option('--resume', 'continue from the latest checkpoint of the folder')
    .option('--seed <n>', 'of everything random', integer, 0)
    .option('--schedule <name>', `${names(schedules)} (default: cosine)`, oneOf(schedules))
    .option('--warm-up <epochs>', 'epochs in which the rate rises (default: 0)', number)
    .option('--optimizer <name>', `${names(optimizers)} (default: sgd)`, oneOf(optimizers))
    .option('--weight-decay <x>', 'of kernels and matrices (default: 0.0001)', number)
    .option('--label-smoothing <x>', 'share of a target that is spread over all classes (default: 0)', number)
    .option('--mixup <alpha>', 'mix images and targets', number)
    .option('--cutmix <alpha>', 'paste parts of images into others', number)
    .option('--average <decay>', 'keep a moving average of the weights, such as 0.999', number)
    .option('--clip <norm>', 'norm that gradients are clipped to', number)
    .option(
      '--micro-batch-size <n>',
      'images that go through the network together (default: all)',
      positiveInteger,
    )
    .option('--recompute', 'run blocks again on the way back, to keep less in memory')
    .option(
      '--workers <n>',
      'threads that decode and augment (default: 0 where all images fit into memory, otherwise 1)',
      wholeNumber,
    )
    .option('--checkpoint-every <steps>', 'besides those at the end of every epoch', positiveInteger)
    .option('--tensorboard', 'write events for TensorBoard too: tensorboard --logdir <folder>')
    .option('--convention <name>', "whose padding and preprocessing (default: the weights' or the model's)")
    .option('--dropout <rate>', "before the head (default: the model's)", number)
    .option('--stochastic-depth <rate>', 'of the last block of an EfficientNet (default: 0.2)', number)
    .addHelpText('after', modes)
    .action(run);
  return addShapeOptions(command);
}

/** Reads a list of parts of a network. */
function parts(text: string): string[] {
  return text === 'none' ? [] : text.split(',');
}

async function run(positional: string | undefined, given: TrainCommandOptions): Promise<void> {
  const options = { ...given, ...placesOf(positional, given) };
  if (!options.resume && (await hasCheckpoints(options.out))) {
    throw new Error(
      `${options.out} has checkpoints of an earlier training; go on with it by --resume, or give another folder by --out.`,
    );
  }
  const prepared = await prepareTraining(options);
  const { model, training, validation } = prepared;
  const threads = startWorkers(prepared, options);
  try {
    await mkdir(options.out, { recursive: true });
    const { evaluation, isStopped } = await followTraining(model, training, prepared.options, {
      ...{ out: options.out, resume: options.resume, tensorboard: options.tensorboard },
      batchSize: prepared.complete.batchSize,
      source: threads?.source,
    });
    if (isStopped) return;
    const file = join(options.out, 'model.safetensors');
    await replaceFile(file, await saveWeights(model));
    report(evaluation ?? (await evaluate(model, validation)), training.classes, file);
  } finally {
    await threads?.close();
    model.dispose();
  }
}

/** The data, and the folder that the training goes to. */
function placesOf(
  positional: string | undefined,
  { data, out }: TrainCommandOptions,
): { data: string; out: string } {
  if (positional !== undefined && data !== undefined) {
    throw new Error(`The data are given twice, as ${positional} and by --data ${data}; give them once.`);
  }
  const path = positional ?? data;
  if (path === undefined) {
    throw new Error(
      'No data are given; name a folder with one folder of images a class: skipscale train photos/',
    );
  }
  const name = basename(resolve(path)).replace(/(\.tar)?(\.gz)?$|\.tgz$/, '') || 'photos';
  const folder = out ?? `${name}-model`;
  if (resolve(folder).startsWith(resolve(path) + sep)) {
    throw new Error(
      `The training would write to ${resolve(folder)}, among the images; give another folder: --out ${join(path, '..', `${name}-model`)}`,
    );
  }
  return { data: path, out: folder };
}

/** Threads that make the batches, where there are to be any. */
function startWorkers(
  { inMemory, complete, data, model }: Prepared,
  options: PlacedOptions,
): BatchWorkers | undefined {
  const { workers = inMemory ? 0 : 1 } = options;
  if (workers === 0) return undefined;
  const parameters: WorkerParameters = {
    data: { ...data, data: options.data, seed: options.seed, inMemory },
    options: complete,
    preprocessing: model.preprocessing,
  };
  return new BatchWorkers(new URL('./training-worker.js', import.meta.url), { workers, parameters });
}

/** Says how good the network is, how sure that is, and what to do next. */
function report(evaluation: Evaluation, classes: readonly string[], file: string): void {
  const { images } = evaluation;
  const sure = certainty(evaluation);
  console.log(formatEvaluation(evaluation, classes));
  console.log(formatCertainty(sure, images));
  const warning = chanceWarning(sure, images);
  if (warning !== undefined) console.error(warning);
  console.log(`The weights are in ${file}.`);
  console.log(`Classify a photo with them: skipscale classify PHOTO --weights ${file}`);
}
