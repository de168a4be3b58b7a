import { SingleBar } from 'cli-progress';
import { Command, InvalidArgumentError } from 'commander';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Adam,
  AdamW,
  anyMix,
  autoAugment,
  buildModel,
  colorJitter,
  compose,
  constantSchedule,
  cosineSchedule,
  cutMix,
  exponentialSchedule,
  LAMB,
  loadWeights,
  mixup,
  modelNames,
  oneCycleSchedule,
  padAndCrop,
  polynomialSchedule,
  randAugment,
  randomErasing,
  randomFlip,
  randomResizedCrop,
  RMSProp,
  saveWeights,
  SGD,
  softmaxCrossEntropy,
  split,
  stepSchedule,
  train,
  withWarmUp,
  type Augmentation,
  type ConventionName,
  type Dataset,
  type EpochEvent,
  type Evaluation,
  type ImageClassifier,
  type Mix,
  type NamedVariable,
  type Optimizer,
  type Schedule,
  type TrainOptions as LibraryOptions,
} from '../index.js';
import { integer, number, positiveInteger } from './arguments.js';
import { formatEvaluation, percent } from './evaluate.js';
import { addScaleOptions, type ScaleOptions } from './model-options.js';
import { openDataset } from './open-dataset.js';
import { replaceFile } from './replace-file.js';
import { TensorBoardEvents } from './tensorboard-events.js';

interface TrainOptions extends ScaleOptions {
  data: string;
  validation: string;
  model: string;
  convention?: ConventionName;
  dropout?: number;
  stochasticDepth?: number;
  epochs: number;
  out: string;
  batchSize: number;
  microBatchSize?: number;
  recompute?: boolean;
  lr: number;
  schedule: string;
  warmUp: number;
  optimizer: string;
  weightDecay: number;
  labelSmoothing: number;
  augment: string[];
  mixup?: number;
  cutmix?: number;
  average?: number;
  clip?: number;
  seed: number;
  from?: string;
  resetHead?: boolean;
  freeze: string[];
  resume?: boolean;
  checkpointEvery?: number;
  tensorboard?: boolean;
}

const optimizers: Record<
  string,
  (p: readonly NamedVariable[], options: { weightDecay: number }) => Optimizer
> = {
  sgd: (p, options) => new SGD(p, { momentum: 0.9, nesterov: true, ...options }),
  rmsprop: (p, options) => new RMSProp(p, options),
  adam: (p, options) => new Adam(p, options),
  adamw: (p, options) => new AdamW(p, options),
  lamb: (p, options) => new LAMB(p, options),
};

/** Of the rate, the number of steps, and the steps of an epoch. */
const schedules: Record<string, (rate: number, steps: number, perEpoch: number) => Schedule> = {
  constant: constantSchedule,
  cosine: (rate, steps) => cosineSchedule(rate, { steps }),
  step: (rate, steps) => stepSchedule(rate, { at: [Math.round(steps / 2), Math.round((3 * steps) / 4)] }),
  exponential: (rate, _, perEpoch) => exponentialSchedule(rate, { every: 2.4 * perEpoch }),
  polynomial: (rate, steps) => polynomialSchedule(rate, { steps }),
  'one-cycle': (rate, steps) => oneCycleSchedule(rate, { steps }),
};

/** Of the side of the images that the network sees. */
const augmentations: Record<string, (size: number) => Augmentation> = {
  flip: () => randomFlip(),
  // As 4 pixels of CIFAR's 32.
  crop: () => (image, random) => padAndCrop(Math.round(image.width / 8))(image, random),
  'resized-crop': (size) => randomResizedCrop({ size }),
  erase: () => randomErasing(),
  jitter: () => colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4 }),
  'auto-imagenet': () => autoAugment('imagenet'),
  'auto-cifar10': () => autoAugment('cifar10'),
  rand: () => randAugment(),
};

/** `skipscale train --data DIR --model NAME --out RUN` */
export function trainCommand(): Command {
  const command = new Command('train')
    .description('Train a network on images, with checkpoints; Ctrl-C stops it, --resume continues it.')
    .requiredOption('--data <path>', 'a folder or tar archive with one folder a class; CIFAR or MNIST files')
    .requiredOption('--out <folder>', 'where checkpoints, log.csv and at the end model.safetensors go')
    .option('--validation <share|path>', 'a share of the data, or other data of any such kind', '0.1')
    .option('--model <name>', `one of ${modelNames.join(', ')}`, 'resnet20')
    .option('--convention <name>', "whose padding and preprocessing (default: the model's)")
    .option('--dropout <rate>', "before the head (default: the model's)", number)
    .option('--stochastic-depth <rate>', 'of the last block of an EfficientNet (default: 0.2)', number)
    .option('--epochs <n>', 'how often to go through the data', positiveInteger, 30)
    .option('--batch-size <n>', 'images of a step', positiveInteger, 128)
    .option(
      '--micro-batch-size <n>',
      'images that go through the network together (default: all)',
      positiveInteger,
    )
    .option('--recompute', 'run blocks again on the way back, to keep less in memory')
    .option('--lr <rate>', 'the highest learning rate', number, 0.1)
    .option('--schedule <name>', names(schedules), oneOf(schedules), 'cosine')
    .option('--warm-up <epochs>', 'epochs in which the rate rises', number, 0)
    .option('--optimizer <name>', names(optimizers), oneOf(optimizers), 'sgd')
    .option('--weight-decay <x>', 'of kernels and matrices', number, 1e-4)
    .option('--label-smoothing <x>', 'share of a target that is spread over all classes', number, 0)
    .option('--augment <list>', `${names(augmentations)}; or none`, listOf(augmentations), ['flip', 'crop'])
    .option('--mixup <alpha>', 'mix images and targets', number)
    .option('--cutmix <alpha>', 'paste parts of images into others', number)
    .option('--average <decay>', 'keep a moving average of the weights, such as 0.999', number)
    .option('--clip <norm>', 'norm that gradients are clipped to', number)
    .option('--seed <n>', 'of everything random', integer, 0)
    .option('--from <file>', 'weights to start from')
    .option('--reset-head', 'start with a new head all the same, for other classes')
    .option('--freeze <list>', 'parts that stay as they are: stem,stages.0', (text) => text.split(','), [])
    .option('--resume', 'continue from the latest checkpoint of the folder')
    .option('--checkpoint-every <steps>', 'besides those at the end of every epoch', positiveInteger)
    .option('--tensorboard', 'write events for TensorBoard too: tensorboard --logdir <folder>')
    .action(run);
  return addScaleOptions(command);
}

async function run(options: TrainOptions): Promise<void> {
  const { training, validation } = await openData(options);
  const model = await startModel(options, training.classes.length);
  const controller = new AbortController();
  const stop = () => {
    console.error('Stopping after this step. --resume continues from here.');
    controller.abort();
  };
  process.once('SIGINT', stop);
  try {
    await mkdir(options.out, { recursive: true });
    const evaluation = await follow(model, training, options, {
      ...libraryOptions(model, training, options),
      validation,
      signal: controller.signal,
    });
    if (controller.signal.aborted) return;
    model.labels = training.classes;
    const file = join(options.out, 'model.safetensors');
    await replaceFile(file, await saveWeights(model));
    if (evaluation) console.log(formatEvaluation(evaluation, training.classes));
    console.log(`The weights are in ${file}.`);
  } finally {
    process.off('SIGINT', stop);
    model.dispose();
  }
}

async function openData({ data, validation, seed }: TrainOptions) {
  const dataset = await openDataset(data, 'train');
  const share = Number(validation);
  if (!Number.isNaN(share)) {
    const parts = split(dataset, { validation: share, seed });
    return { training: parts.train, validation: parts.validation };
  }
  const other = await openDataset(validation, 'test');
  if (other.classes.join('\n') !== dataset.classes.join('\n')) {
    throw new Error(
      `${validation} has the classes ${other.classes.join(', ')}, and ${data} ${dataset.classes.join(', ')}; ` +
        'give data of the same classes.',
    );
  }
  return { training: dataset, validation: other };
}

async function startModel(options: TrainOptions, classes: number): Promise<ImageClassifier> {
  const { from, resetHead, seed, convention, width, depth, size, dropout, stochasticDepth } = options;
  const model = buildModel(options.model, {
    ...{ classes, seed, convention, width, depth, size, dropout, stochasticDepth },
  });
  try {
    if (from !== undefined) await loadWeights(model, from, { except: resetHead ? ['head'] : [] });
    model.freeze(...options.freeze);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

function libraryOptions(model: ImageClassifier, data: Dataset, options: TrainOptions): LibraryOptions {
  const { epochs, batchSize, microBatchSize, recompute, lr, warmUp, weightDecay, labelSmoothing } = options;
  const { seed } = options;
  const perEpoch = Math.max(1, Math.floor(data.labels.length / batchSize));
  const warmUpSteps = Math.round(warmUp * perEpoch);
  const schedule = schedules[options.schedule]!(lr, Math.max(1, epochs * perEpoch - warmUpSteps), perEpoch);
  const side = model.preprocessing.size;
  const mixes: Mix[] = [
    ...(options.mixup === undefined ? [] : [mixup(options.mixup)]),
    ...(options.cutmix === undefined ? [] : [cutMix(options.cutmix)]),
  ];
  return {
    ...{ epochs, batchSize, microBatchSize, recompute, seed },
    schedule: withWarmUp(schedule, { steps: warmUpSteps }),
    optimizer: (parameters) => optimizers[options.optimizer]!(parameters, { weightDecay }),
    loss: (logits, targets) => softmaxCrossEntropy(logits, targets, { labelSmoothing }),
    augment: compose(...options.augment.map((name) => augmentations[name]!(side))),
    mix: mixes.length > 0 ? anyMix(...mixes) : undefined,
    clipNorm: options.clip,
    movingAverage: options.average === undefined ? undefined : { decay: options.average },
    checkpoints: { folder: options.out, everySteps: options.checkpointEvery, resume: options.resume },
  };
}

/** Trains, tells the terminal and the log of it, and gives the last evaluation. */
async function follow(
  model: ImageClassifier,
  data: Dataset,
  { out, batchSize, epochs, resume, tensorboard }: TrainOptions,
  options: LibraryOptions,
): Promise<Evaluation | undefined> {
  const perEpoch = Math.max(1, Math.floor(data.labels.length / batchSize));
  const bar = process.stderr.isTTY
    ? new SingleBar({ format: barFormat, stream: process.stderr, clearOnComplete: true })
    : undefined;
  const log = new Log(join(out, 'log.csv'));
  if (resume) await log.read();
  const events = tensorboard ? await TensorBoardEvents.open(out, data, options) : undefined;
  let epoch: EpochEvent | undefined;
  let evaluation: Evaluation | undefined;
  let learningRate = 0;
  try {
    for await (const event of train(model, data, options)) {
      await events?.add(event);
      if (event.type === 'step') {
        const payload = {
          epoch: `${event.epoch + 1}/${epochs}`,
          loss: event.loss.toFixed(3),
          accuracy: percent(event.accuracy),
          speed: (event.images / event.seconds).toFixed(0),
        };
        const done = event.step - event.epoch * perEpoch;
        if (!bar?.isActive) bar?.start(perEpoch, done, payload);
        bar?.update(done, payload);
        learningRate = event.learningRate;
      } else if (event.type === 'epoch') {
        epoch = event;
        bar?.stop();
      } else if (event.type === 'evaluation') {
        evaluation = event.evaluation;
      } else if (epoch) {
        console.log(epochLine(epoch, epochs, data.labels.length, evaluation));
        await log.add(epoch, learningRate, evaluation);
        epoch = undefined;
      }
    }
  } finally {
    bar?.stop();
  }
  return evaluation;
}

const barFormat =
  'epoch {epoch} {bar} {value}/{total} loss {loss}, {accuracy} right, {speed} images/s, {eta} s left';

function epochLine(
  { epoch, loss, accuracy, seconds }: EpochEvent,
  epochs: number,
  images: number,
  evaluation: Evaluation | undefined,
): string {
  const left = ((epochs - epoch - 1) * seconds) / 60;
  return [
    `epoch ${String(epoch + 1).padStart(String(epochs).length)}/${epochs}`,
    `loss ${loss.toFixed(4)}`,
    `accuracy ${percent(accuracy)}`,
    ...(evaluation ? [`validation ${percent(evaluation.top1)}`] : []),
    `${(images / seconds).toFixed(0)} images/s`,
    `${left.toFixed(1)} min left`,
  ].join('  ');
}

/** A table of epochs as a file of comma-separated values. */
class Log {
  static readonly #header = 'epoch,step,learning rate,loss,accuracy,validation loss,validation top-1,seconds';
  #rows: string[] = [];

  constructor(readonly path: string) {}

  /** Takes over what an earlier part of the run wrote. */
  async read(): Promise<void> {
    const text = await readFile(this.path, 'utf8').catch(() => '');
    this.#rows = text.split('\n').slice(1).filter(Boolean);
  }

  async add(event: EpochEvent, learningRate: number, evaluation: Evaluation | undefined): Promise<void> {
    const { epoch, step, loss, accuracy, seconds } = event;
    const row = [epoch + 1, step, learningRate, loss, accuracy, evaluation?.loss, evaluation?.top1, seconds];
    // An epoch that was not yet in a checkpoint when the run was killed comes again.
    this.#rows = [...this.#rows.slice(0, epoch), row.join(',')];
    await replaceFile(this.path, `${[Log.#header, ...this.#rows].join('\n')}\n`);
  }
}

function names(table: object): string {
  return Object.keys(table).join(', ');
}

function oneOf(table: object): (text: string) => string {
  return (text) => {
    if (!Object.hasOwn(table, text)) throw new InvalidArgumentError(`Give one of ${names(table)}.`);
    return text;
  };
}

function listOf(table: object): (text: string) => string[] {
  return (text) => (text === 'none' ? [] : text.split(',').map(oneOf(table)));
}
