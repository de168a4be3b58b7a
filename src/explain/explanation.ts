import type { RgbImage } from '../vision/image.js';

/** Why a network gives an image a class: how much each pixel counts. */
export interface Explanation {
  /** The function that made it, such as `gradCam`. */
  readonly method: string;
  /**
   * height * width values, rows from the top. Positive pixels speak for the class; where a method knows them, negative ones speak
   * against it.
   */
  readonly map: Float32Array;
  /** Of the network's input, in pixels. */
  readonly height: number;
  /** Of the network's input, in pixels. */
  readonly width: number;
  /** The class that is explained, by its place among the logits. */
  readonly target: number;
  /** Its name, where the model has names. */
  readonly label: string | undefined;
  /** What the network gives the class: its logit, or with `output: 'probability'` its probability. */
  readonly score: number;
  /** What the map sums to; with superpixels, what their values sum to. */
  readonly sum: number;
  /**
   * What the method's axiom says that it sums to, such as the score less that of the baseline; undefined of a method without one.
   * How far {@link Explanation.sum} is from it says how exact the map is.
   */
  readonly expectedSum: number | undefined;
  /** How it was made: every option with its value, such as `layer`, `steps` or `seed`. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Of methods that take gradients of the input: height * width * channels values, whose sums over channels are the map. */
  readonly values: Float32Array | undefined;
  /** Of methods with superpixels. */
  readonly superpixels: Superpixels | undefined;
  /** Of an image that was given as one and not as a tensor: what the network saw of it. */
  readonly image: RgbImage | undefined;
}

/** Parts of an image, and what each counts. */
export interface Superpixels {
  /** height * width numbers: the part of each pixel, from 0 on. */
  readonly labels: Int32Array;
  /** Of each part. */
  readonly values: Float64Array;
}

/** Options of every method. */
export interface ExplainOptions {
  /**
   * The class to explain: its place among the logits or its name, one for all images or one for each. Default the likeliest of
   * each image.
   */
  readonly target?: number | string | readonly (number | string)[];
  /** What of the class is explained. Default `'logit'`, of `lime` and `rise` `'probability'`, as their papers. */
  readonly output?: 'logit' | 'probability';
  /** Images that go through the network together. Default 32, where gradients are taken 8. */
  readonly batchSize?: number;
  /** Called after each batch, with the number of passes of an image through the network. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two batches, with the signal's reason as error. */
  readonly signal?: AbortSignal;
}

/** Options of methods that draw at random. */
export interface SampledOptions extends ExplainOptions {
  /** How many variants of each image the network sees. */
  readonly samples?: number;
  /** Of the random numbers. Default 0. */
  readonly seed?: number;
}

/** What an image is compared with: a value for every input of the network, or an image [1, H, W, channels] or [N, H, W, channels]. */
export type Baseline = number | import('@tensorflow/tfjs-core').Tensor4D;
