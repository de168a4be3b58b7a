import * as tf from '@tensorflow/tfjs-core';
import { ConvNorm, foldAll } from '../blocks/conv-norm.js';
import { evaluation, type Context } from '../core/context.js';
import { check, checkInteger, checkOptions, shown } from '../core/errors.js';
import { Module } from '../core/module.js';
import { Random } from '../core/random.js';
import { forwardRecomputed } from '../core/recompute.js';
import { Dense, type DenseOptions } from '../layers/dense.js';
import type { Dropout } from '../layers/dropout.js';
import { GlobalAvgPool, type MaxPool } from '../layers/pooling.js';
import type { Architecture, ModelDescription } from '../scaling/index.js';
import type { ConventionName } from './conventions.js';
import { checkLabels } from './labels/check-labels.js';
import type { Preprocessing } from './preprocessing.js';
import { formatSummary } from './summary.js';

/**
 * What every network here is: a stem, stages of blocks, the mean over the image, and a dense head.
 * Images are [N, H, W, channels], already preprocessed; logits are [N, classes].
 */
export abstract class ImageClassifier extends Module<tf.Tensor4D, tf.Tensor2D> {
  /** All sizes of the network, its name among them. */
  abstract architecture: Architecture;
  /** Whose numeric conventions it follows. */
  abstract readonly convention: ConventionName;
  /** What `classify` does to an image first. */
  abstract readonly preprocessing: Preprocessing;
  #labels: readonly string[] | undefined;

  /**
   * Names of the classes, where they are known: `classify` answers with them, data's classes are found among them, and what is
   * saved or exported has them. Undefined where nobody has said them.
   * @throws ArgumentError where there are not as many as classes, or one is no string or empty.
   */
  get labels(): readonly string[] | undefined {
    return this.#labels;
  }

  set labels(labels: readonly string[] | undefined) {
    if (labels !== undefined) checkLabels(labels, this.classes);
    this.#labels = labels && [...labels];
  }

  /** Number of logits; undefined of a model without a head. */
  get classes(): number | undefined {
    return this.architecture.classes;
  }

  abstract readonly stem: ConvNorm;
  /** After the stem, where the network has one. */
  declare readonly pool: MaxPool | undefined;
  /** The stages, each a list of blocks. */
  abstract readonly stages: readonly (readonly Module[])[];
  /** A convolution between the last stage and the pooling, where the network has one. */
  declare readonly lastConv: ConvNorm | undefined;
  readonly globalPool = new GlobalAvgPool();
  abstract readonly dropout: Dropout;
  /** Undefined where the model was built with `includeTop: false`. */
  abstract head: Dense | undefined;
  /** How the convention starts a head. */
  protected abstract readonly headInitializers: Pick<DenseOptions, 'initializer' | 'biasInitializer'>;

  /**
   * Puts a new head with random weights in the place of the old one, which is freed, for classes of your own. Labels are
   * forgotten; the rest of the model stays as it is.
   * @param classes - Number of logits.
   * @param options - `seed` of the random weights, default 0.
   * @throws ArgumentError where the model has no head or `classes` is no positive integer.
   */
  resetHead(classes: number, options: { readonly seed?: number } = {}): void {
    checkOptions('resetHead', options, { seed: true });
    const { seed = 0 } = options;
    const { head, architecture } = this;
    check(head !== undefined, () => `This ${architecture.name} has no head; build it with includeTop: true.`);
    checkInteger('classes', classes, 1);
    const random = new Random(seed);
    const inFeatures = head.weight.shape[0];
    this.head = new Dense({ inFeatures, units: classes, ...this.headInitializers, random });
    head.dispose();
    this.architecture = { ...architecture, classes };
    this.labels = undefined;
  }

  /** Takes the head away and frees it: the model gives the pooled features, as one built with `includeTop: false`. */
  removeHead(): void {
    this.head?.dispose();
    this.head = undefined;
    this.architecture = { ...this.architecture, classes: undefined };
    this.labels = undefined;
  }

  /** Rows of every layer for one square image, counted without running the model. */
  abstract describe(size?: number): ModelDescription;

  /**
   * The logits [N, classes]; of a model without top, the pooled features.
   * @throws ArgumentError where `x` is not [N, H, W, inputChannels], or the model was disposed of.
   */
  override forward(x: tf.Tensor4D, context: Context): tf.Tensor2D {
    return tf.tidy(() => {
      const features = this.#stageOutputs(x, context).at(-1)!;
      const last = this.lastConv ? this.lastConv.forward(features, context) : features;
      const pooled = this.dropout.forward(this.globalPool.forward(last), context);
      return this.head ? this.head.forward(pooled) : pooled;
    });
  }

  /** What {@link forward} gives in evaluation: deterministic, and nothing in the model changes. */
  predict(images: tf.Tensor4D): tf.Tensor2D {
    return this.forward(images, evaluation);
  }

  /** The output of every stage [N, H', W', C'], the largest image first. The caller disposes of them. */
  features(x: tf.Tensor4D, context: Context = evaluation): tf.Tensor4D[] {
    return tf.tidy(() => this.#stageOutputs(x, context));
  }

  #stageOutputs(x: tf.Tensor4D, context: Context): tf.Tensor4D[] {
    const { name, inputChannels } = this.architecture;
    checkImages(x, name, inputChannels);
    const outputs: tf.Tensor4D[] = [];
    let y = this.stem.forward(x, context);
    if (this.pool) y = this.pool.forward(y);
    const forward = (y: tf.Tensor4D, block: Module) =>
      context.training && context.recompute
        ? forwardRecomputed(block, y, context)
        : block.forward(y, context);
    for (const stage of this.stages) {
      y = tf.tidy(() => stage.reduce(forward, y));
      outputs.push(y);
    }
    return outputs;
  }

  /**
   * Folds every batch norm into its convolution and fuses bias and activation, in place: evaluation gets faster, its
   * results stay the same up to rounding, and training is no longer possible.
   * @returns this model.
   */
  fuse(): this {
    const modules = Array.from(this.namedModules(), ({ module }) => module);
    foldAll(modules.filter((module) => module instanceof ConvNorm));
    return this;
  }

  /** {@link describe} as a table to print: a row a layer with its output's shape, parameters and multiply-adds. */
  summary(size?: number): string {
    return formatSummary(this.describe(size));
  }
}

/** Throws unless `x` is a tensor that a network of this name takes. */
function checkImages(x: tf.Tensor4D, name: string, channels: number): void {
  const wanted = `[N, height, width, ${channels}]`;
  check(
    x instanceof tf.Tensor,
    () => `${name} got ${shown(x)}; give images as a tensor ${wanted}, such as preprocess makes.`,
  );
  check(!x.isDisposed, () => `${name} got images that were disposed of; dispose of them after.`);
  check(
    x.rank === 4 && x.shape[3] === channels,
    () => `${name} got images of shape [${x.shape}]; give ${wanted}.`,
  );
  check(
    x.dtype === 'float32',
    () =>
      `${name} got images of type ${x.dtype}; give float32: pixels through preprocessInput, or tf.cast(images, 'float32').`,
  );
}
