import { Command } from 'commander';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BatchWorkers,
  buildModel,
  loadWeights,
  modelNames,
  saveWeights,
  train,
  type BatchSource,
  type Dataset,
  type EpochEvent,
  type Evaluation,
  type ImageClassifier,
  type ModelOptions,
  type TrainOptions as LibraryOptions,
} from '../index.js';
import { integer, listOf, names, number, oneOf, positiveInteger, wholeNumber } from './arguments.js';
import { withDownloadBar } from './download-bar.js';
import { formatEvaluation } from './format-evaluation.js';
import { addShapeOptions, type ShapeOptions } from './model-options.js';
import { replaceFile } from '../core/replace-file.js';
import { TensorBoardEvents } from './tensorboard-events.js';
import { openData, type DataOptions } from './training-data.js';
import { TrainingLog } from './training-log.js';
import {
  augmentations,
  libraryOptions,
  optimizers,
  schedules,
  type TrainingOptions,
} from './training-options.js';
import { TrainingProgress } from './training-progress.js';
import type { WorkerParameters } from './training-worker.js';

interface TrainOptions
  extends
    DataOptions,
    TrainingOptions,
    ShapeOptions,
    Pick<ModelOptions, 'convention' | 'dropout' | 'stochasticDepth'> {
  workers?: number;
  model: string;
  from?: string;
  resetHead?: boolean;
  freeze: string[];
  tensorboard?: boolean;
}

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
    .option(
      '--workers <n>',
      'threads that decode and augment (default: 0 where all images fit into memory, otherwise 1)',
      wholeNumber,
    )
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
  return addShapeOptions(command);
}

async function run(options: TrainOptions): Promise<void> {
  const { training, validation, inMemory } = await openData(options);
  const model = await startModel(options, training.classes.length);
  model.labels = training.classes;
  const controller = new AbortController();
  const stop = () => {
    console.error('Stopping after this step. --resume continues from here.');
    controller.abort();
  };
  process.once('SIGINT', stop);
  const threads = startWorkers(inMemory ? 0 : 1, options, model);
  try {
    await mkdir(options.out, { recursive: true });
    const evaluation = await follow(model, training, threads?.source, options, {
      ...libraryOptions(options, training.labels.length, model.preprocessing.size),
      validation,
      signal: controller.signal,
    });
    if (controller.signal.aborted) return;
    const file = join(options.out, 'model.safetensors');
    await replaceFile(file, await saveWeights(model));
    if (evaluation) console.log(formatEvaluation(evaluation, training.classes));
    console.log(`The weights are in ${file}.`);
  } finally {
    process.off('SIGINT', stop);
    await threads?.close();
    model.dispose();
  }
}

async function startModel(options: TrainOptions, classes: number): Promise<ImageClassifier> {
  const { from, resetHead, seed, convention, dropout, stochasticDepth } = options;
  const { width, depth, size, shortcut } = options;
  const model = buildModel(options.model, {
    ...{ classes, seed, convention, dropout, stochasticDepth },
    ...{ width, depth, size, shortcut },
  });
  try {
    if (from !== undefined) {
      const except = resetHead ? ['head'] : [];
      await withDownloadBar((onProgress) => loadWeights(model, from, { except, onProgress }));
    }
    model.freeze(...options.freeze);
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/** Threads that make the batches, where there are to be any. */
function startWorkers(
  usual: number,
  options: TrainOptions,
  { preprocessing }: ImageClassifier,
): BatchWorkers | undefined {
  const { workers = usual } = options;
  if (workers === 0) return undefined;
  const parameters: WorkerParameters = { options, preprocessing };
  return new BatchWorkers(new URL('./training-worker.js', import.meta.url), { workers, parameters });
}

/**
 * Trains, tells the terminal and the logs of it, and gives the last evaluation.
 * @param source - Of batches of the data; without it they are made here.
 */
async function follow(
  model: ImageClassifier,
  data: Dataset,
  source: BatchSource | undefined,
  { out, batchSize, epochs, resume, tensorboard }: TrainOptions,
  options: LibraryOptions,
): Promise<Evaluation | undefined> {
  const progress = new TrainingProgress(epochs, data.labels.length, batchSize);
  const log = new TrainingLog(join(out, 'log.csv'));
  if (resume) await log.read();
  const events = tensorboard ? await TensorBoardEvents.open(out, data, options) : undefined;
  let epoch: EpochEvent | undefined;
  let evaluation: Evaluation | undefined;
  let learningRate = 0;
  try {
    for await (const event of train(model, source ?? data, options)) {
      await events?.add(event);
      if (event.type === 'step') {
        progress.step(event);
        learningRate = event.learningRate;
      } else if (event.type === 'epoch') {
        progress.pause();
        epoch = event;
      } else if (event.type === 'evaluation') {
        evaluation = event.evaluation;
      } else if (epoch) {
        // Its checkpoint is there.
        progress.epoch(epoch, evaluation);
        await log.add(epoch, learningRate, evaluation);
        epoch = undefined;
      }
    }
  } finally {
    progress.pause();
  }
  return evaluation;
}
