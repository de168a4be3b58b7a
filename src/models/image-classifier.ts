import * as tf from '@tensorflow/tfjs-core';
import type { ConvNorm } from '../blocks/conv-norm.js';
import { fuseUnits } from '../blocks/fuse.js';
import { evaluation, type Context } from '../core/context.js';
import { check, checkInteger, checkOptions, shown } from '../core/errors.js';
import { Module } from '../core/module.js';
import { Random } from '../core/random.js';
import { runParts, type Part } from '../core/parts.js';
import { forwardRecomputed } from '../core/recompute.js';
import { describeModule, type ModelDescription } from '../graph/describe.js';
import { formatSummary } from '../graph/summary.js';
import type { InputShapes } from '../graph/trace.js';
import { Dense, type DenseOptions } from '../layers/dense.js';
import type { Dropout } from '../layers/dropout.js';
import { GlobalAvgPool, type MaxPool } from '../layers/pooling.js';
import type { Architecture } from '../scaling/index.js';
import type { ConventionName } from './conventions.js';
import { describeUnbuilt } from './describe-unbuilt.js';
import { checkLabels } from './labels/check-labels.js';
import type { Preprocessing } from './preprocessing.js';

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
   * Puts a new head with random weights in the place of the old one, which is freed, for your own classes. Labels are
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

  /**
   * Rows of every layer for one square image, counted by tracing; shapes are without the batch.
   * @param size - Side of the image, in pixels. Default what the model is meant for.
   */
  describe(size = this.preprocessing.size): ModelDescription {
    const { name, inputChannels } = this.architecture;
    checkInteger('size', size, 1);
    if (this.isDisposed) {
      // Its weights are gone: what a network of the same sizes has.
      const Network = this.constructor as new (...args: unknown[]) => ImageClassifier;
      return describeUnbuilt(() => new Network(this.architecture, { convention: this.convention }), size);
    }
    const { inputShape, layers, ...rest } = describeModule(this, [1, size, size, inputChannels], name);
    const rows = layers.map((layer) => ({
      ...layer,
      inputShape: layer.inputShape.slice(1),
      outputShape: layer.outputShape.slice(1),
    }));
    return { inputShape: inputShape.slice(1), layers: rows, ...rest };
  }

  /**
   * The logits [N, classes]; of a model without top, the pooled features.
   * @throws ArgumentError where `x` is not [N, H, W, inputChannels], or the model was disposed of.
   */
  override forward(x: tf.Tensor4D, context: Context): tf.Tensor2D {
    this.#checkImages(x);
    return tf.tidy(() => this.#run(this.parts(), x, context) as tf.Tensor2D);
  }

  /**
   * The modules of which the network is made, in the order in which they run, each with its path: `stem`, `pool`, every block
   * such as `stages.0.1`, `lastConv`, `globalPool`, `dropout` and `head`. Those that this network does not have are left out.
   */
  parts(): readonly Part[] {
    const blocks = this.stages.flatMap((stage, i) =>
      stage.map((block, j) => [`stages.${i}.${j}`, block] as const),
    );
    const { stem, pool, lastConv, globalPool, dropout, head } = this;
    const all = [
      ...Object.entries({ stem, pool }),
      ...blocks,
      ...Object.entries({ lastConv, globalPool, dropout, head }),
    ] as const;
    return all.flatMap(([name, part]) => (part ? [[name, part] as const] : []));
  }

  /** What {@link forward} gives in evaluation: deterministic, and nothing in the model changes. */
  predict(images: tf.Tensor4D): tf.Tensor2D {
    return this.forward(images, evaluation);
  }

  /**
   * The output of every stage [N, H', W', C'], the largest image first; the backbone of a detector or of a network that
   * segments. The caller disposes of them. As torchvision's IntermediateLayerGetter and timm's features_only.
   */
  features(x: tf.Tensor4D, context: Context = evaluation): tf.Tensor4D[] {
    this.#checkImages(x);
    return tf.tidy(() => {
      const maps: tf.Tensor4D[] = [];
      const rest = [...this.parts()];
      for (const stage of this.stages.keys()) {
        const end = rest.findLastIndex(([name]) => name.startsWith(`stages.${stage}.`)) + 1;
        maps.push(this.#run(rest.splice(0, end), maps.at(-1) ?? x, context) as tf.Tensor4D);
      }
      return maps;
    });
  }

  #run(parts: readonly Part[], x: tf.Tensor4D, context: Context): unknown {
    return runParts(parts, x, ([name, part], y) =>
      context.training && context.recompute && name.startsWith('stages.')
        ? forwardRecomputed(part as Module, y as tf.Tensor4D, context)
        : part.forward(y, context),
    );
  }

  #checkImages(x: tf.Tensor4D): void {
    const { name, inputChannels } = this.architecture;
    checkImages(x, name, inputChannels);
  }

  /**
   * Folds every batch norm into its convolution and fuses bias and activation, in place, as the function `fuse`: evaluation
   * gets faster, its results stay the same up to rounding, and training throws an ArgumentError. It is saved as before.
   * @returns this model.
   */
  fuse(): this {
    fuseUnits(this);
    return this;
  }

  /**
   * {@link describe} as a table to print.
   * @param input - Side of the image, in pixels, or the shape of a batch. Default the side that the model is meant for.
   */
  override summary(input?: number | InputShapes): string {
    return typeof input === 'object' ? super.summary(input) : formatSummary(this.describe(input));
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
