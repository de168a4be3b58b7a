import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { foldTemporarily } from '../blocks/fuse.js';
import {
  check,
  checkInteger,
  checkModule,
  checkOneOf,
  checkOptions,
  shown,
  type OptionNames,
} from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { nearestName } from '../core/nearest-name.js';
import { takeValues } from '../core/take-values.js';
import { trace, type Trace } from '../graph/index.js';
import type { TemporaryFolding } from '../layers/folding.js';
import { isImageClassifier } from '../models/is-image-classifier.js';
import { imageList, isTensor, type ImageSource, type RgbImage } from '../vision/image.js';
import { normalize, preparedSquare } from '../vision/preprocess.js';
import type { Baseline, ExplainOptions } from './explanation.js';

/** Images as a network takes them, [N, H, W, channels]; or photos, which an ImageClassifier's `preprocessing` makes such. */
export type ExplainInput = tf.Tensor4D | ImageSource | readonly ImageSource[];

/** The options that every method has. */
export const commonOptions: OptionNames<ExplainOptions> = {
  target: true,
  output: true,
  batchSize: true,
  onProgress: true,
  signal: true,
};

/** Which class of which network is to be explained, of which images. */
export interface Subject {
  readonly method: string;
  readonly model: AnyModule;
  readonly trace: Trace;
  /** Makes many passes faster. It holds no tensors before the first, and is then to be disposed of. */
  readonly folding: TemporaryFolding;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Values of one image. */
  readonly size: number;
  readonly classes: number;
  readonly labels: readonly string[] | undefined;
  /** One image after the other. */
  readonly values: Float32Array;
  /** Of photos: what the network sees. */
  readonly pictures: readonly RgbImage[] | undefined;
  /** Undefined where it is the likeliest class. */
  readonly targets: readonly number[] | undefined;
  readonly output: 'logit' | 'probability';
  readonly batchSize: number | undefined;
  readonly onProgress: ExplainOptions['onProgress'];
  readonly signal: AbortSignal | undefined;
}

/**
 * Checks all that a method gets, before anything is computed.
 * @param known - All options of the method.
 * @throws ArgumentError
 */
export async function subjectOf<Options extends ExplainOptions>(
  method: string,
  model: AnyModule,
  input: ExplainInput,
  options: Options,
  known: OptionNames<NoInfer<Options>>,
): Promise<Subject> {
  checkModule(method, model);
  checkOptions(method, options, known);
  const { output = 'logit', batchSize, onProgress, signal } = options;
  checkOneOf(`${method}: output`, output, ['logit', 'probability']);
  if (batchSize !== undefined) checkInteger(`${method}: batchSize`, batchSize, 1);
  signal?.throwIfAborted();
  await ready();
  const { x, pictures } = await tensorOf(method, model, input);
  const [count, height, width, channels] = x.shape;
  let graph: Trace, values: Float32Array;
  try {
    graph = trace(model, x.shape);
    values = await x.data<'float32'>();
  } finally {
    if (x !== input) x.dispose();
  }
  const classes = classesOf(method, graph, count);
  const { labels } = model as { labels?: readonly string[] };
  const targets = targetsOf(method, options.target, count, classes, labels);
  const size = height * width * channels;
  const sizes = { count, height, width, channels, size, classes };
  const folding = foldTemporarily(model, graph);
  const common = { method, model, trace: graph, folding, values, pictures, labels, targets };
  return { ...common, ...sizes, output, batchSize, onProgress, signal };
}

async function tensorOf(method: string, model: AnyModule, input: ExplainInput) {
  if (isTensor(input)) {
    const x = input as tf.Tensor4D;
    check(!x.isDisposed, () => `${method}: the images were disposed of; dispose of them after.`);
    const fits = x.rank === 4 && x.dtype === 'float32' && x.size > 0;
    check(
      fits,
      () =>
        `${method} got a tensor of shape [${x.shape}] and type ${x.dtype}; give images as the network takes them, ` +
        '[N, height, width, channels] of float32, at least one.',
    );
    return { x, pictures: undefined };
  }
  check(
    isImageClassifier(model),
    () =>
      `${method} got ${shown(input)} for a ${model.constructor.name}, which has no preprocessing; give images as the network ` +
      'takes them, a tensor [N, height, width, channels].',
  );
  const { preprocessing } = model;
  const images = imageList(input as ImageSource);
  check(images.length > 0, () => `${method}: there is no image; give at least one.`);
  const pictures: RgbImage[] = [];
  for (const image of images) pictures.push(await preparedSquare(image, preprocessing));
  return { x: normalize(pictures, preprocessing), pictures };
}

function classesOf(method: string, { outputs }: Trace, count: number): number {
  const shapes = Object.values(outputs).map(({ shape }) => shape);
  const [shape] = shapes;
  const isScores = shapes.length === 1 && shape!.length === 2 && shape![0] === count;
  check(
    isScores,
    () =>
      `${method} explains class scores, one tensor [N, classes]; this network gives ` +
      `${shapes.map((each) => `[${each}]`).join(', ')} for ${count} images. Give a module that ends in scores, such as a ` +
      'Sequential of the network and a head.',
  );
  return shape![1]!;
}

function targetsOf(
  method: string,
  given: ExplainOptions['target'],
  count: number,
  classes: number,
  labels: readonly string[] | undefined,
): number[] | undefined {
  if (given === undefined) return undefined;
  const list = Array.isArray(given)
    ? (given as (number | string)[])
    : Array<number | string>(count).fill(given as number | string);
  check(
    list.length === count,
    () =>
      `${method}: there are ${list.length} targets for ${count} images; give one for each, or one for all.`,
  );
  return list.map((target) => {
    const place = typeof target === 'string' ? (labels?.indexOf(target) ?? -1) : target;
    check(Number.isInteger(place) && place >= 0 && place < classes, () => {
      const near = typeof target === 'string' && labels ? nearestName(target, labels) : undefined;
      const names = labels ? `, or a label${near ? `, such as '${near}'` : ''}` : '';
      return `${method}: the target is ${shown(target)}; give an integer from 0 to ${classes - 1}${names}.`;
    });
    return place;
  });
}

/** The values of one image. */
export function imageValues({ values, size }: Subject, image: number): Float32Array {
  return values.subarray(image * size, (image + 1) * size);
}

/**
 * The baseline of each image, as values like {@link imageValues}.
 * @throws ArgumentError where it has another shape than the images.
 */
export async function baselinesOf(
  { method, count, height, width, channels, size }: Subject,
  baseline: Baseline = 0,
): Promise<(image: number) => Float32Array> {
  if (typeof baseline === 'number') {
    check(Number.isFinite(baseline), () => `${method}: the baseline is ${baseline}; give a finite number.`);
    const same = new Float32Array(size).fill(baseline);
    return () => same;
  }
  check(
    isTensor(baseline),
    () => `${method}: the baseline is ${shown(baseline)}; give a number or a tensor.`,
  );
  const { shape } = baseline;
  const fits =
    shape.length === 4 &&
    (shape[0] === 1 || shape[0] === count) &&
    tf.util.arraysEqual(shape.slice(1), [height, width, channels]);
  check(
    fits,
    () =>
      `${method}: the baseline has the shape [${shape}]; give [${count}, ${height}, ${width}, ${channels}] as the images, ` +
      'one image of that size, or a number.',
  );
  const values = await takeValues(tf.cast(baseline, 'float32'));
  return (image) => {
    const from = shape[0] === 1 ? 0 : image * size;
    return values.subarray(from, from + size);
  };
}
