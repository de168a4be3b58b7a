import { ArgumentError, checkInteger } from '../core/errors.js';

/** The shape of one image's activations: [height, width, channels], or [features] after pooling. */
export type Shape = readonly number[];

/** One layer of a network, counted for one image. */
export interface LayerDescription {
  /** The path of fields that leads to the layer in a built model, such as `stages.0.1.conv1.conv`. */
  readonly name: string;
  readonly type: LayerType;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Trainable values. */
  readonly parameters: number;
  /** Running means and variances. */
  readonly statistics: number;
  /** Products of convolutions and dense layers; other layers count none, as in published figures. */
  readonly multiplyAdds: number;
}

/** The kinds of layers that are counted. */
export type LayerType =
  | 'conv2d'
  | 'depthwiseConv2d'
  | 'batchNorm'
  | 'relu'
  | 'relu6'
  | 'swish'
  | 'sigmoid'
  | 'maxPool'
  | 'globalAvgPool'
  | 'padShortcut'
  | 'multiply'
  | 'add'
  | 'dropout'
  | 'dense';

/** A whole network, counted for one image. */
export interface ModelDescription {
  readonly name: string;
  readonly inputShape: Shape;
  readonly layers: readonly LayerDescription[];
  /** Trainable values. */
  readonly parameters: number;
  /** Running means and variances. */
  readonly statistics: number;
  /** Multiply-adds of one image. */
  readonly multiplyAdds: number;
  /** Values of all layers' outputs together. */
  readonly activationSize: number;
}

/**
 * Pixels added around an image: `'valid'` none; `'same'` TensorFlow's, for an output of ceil(input / stride);
 * `'symmetric'` PyTorch's usual `(kernel >> 1) * dilation` on every side, which for an odd kernel gives that size too; a
 * number on every side; or [[top, bottom], [left, right]].
 */
export type CountedPadding = NamedPadding | number | readonly [BeforeAfter, BeforeAfter];
type NamedPadding = 'valid' | 'same' | 'symmetric';
type BeforeAfter = readonly [number, number];

/**
 * Pixels of one dimension that a window of `kernelSize` pixels, `dilation` apart, gives when it moves by `stride`.
 * @throws ArgumentError where the window is larger than the padded image, or an argument is not a whole number.
 */
export function outputSize(
  input: number,
  kernelSize: number,
  stride = 1,
  padding: NamedPadding | number | BeforeAfter = 'same',
  dilation = 1,
): number {
  for (const [name, value] of Object.entries({ input, kernelSize, stride, dilation }))
    checkInteger(name, value, 1);
  if (padding === 'same') return Math.ceil(input / stride);
  const padded = input + addedPixels(padding, kernelSize, dilation);
  const window = (kernelSize - 1) * dilation + 1;
  if (!(padded >= window)) {
    throw new ArgumentError(
      `A window of ${window} pixels does not fit an image of ${input} with padding ${JSON.stringify(padding)}; ` +
        'give larger images or more padding.',
    );
  }
  return Math.floor((padded - window) / stride) + 1;
}

/** Pixels added on both sides together. */
function addedPixels(
  padding: Exclude<NamedPadding, 'same'> | number | BeforeAfter,
  kernelSize: number,
  dilation: number,
): number {
  if (padding === 'valid') return 0;
  if (padding === 'symmetric') return 2 * (kernelSize >> 1) * dilation;
  const [before, after] = typeof padding === 'number' ? [padding, padding] : padding;
  if (![before, after].every((pixels) => Number.isInteger(pixels) && pixels >= 0)) {
    throw new ArgumentError(
      `padding is ${JSON.stringify(padding)}; give 'valid', 'same', 'symmetric' or whole numbers of pixels.`,
    );
  }
  return before + after;
}

/** Options of {@link LayerCounter.conv2d}. */
export interface CountedConvolution {
  readonly filters: number;
  /** Side of the square kernel, in pixels. */
  readonly kernelSize: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default `'same'`. */
  readonly padding?: CountedPadding;
  /** Default 1. */
  readonly dilation?: number;
  /** Default false. */
  readonly bias?: boolean;
}

/** Walks the shape of one image through a network and records a row a layer, without building any. */
export class LayerCounter {
  readonly #layers: LayerDescription[] = [];
  readonly #inputShape: Shape;
  /** The output of the layer that was counted last. Set it to go back to the start of a branch. */
  shape: Shape;

  /** @param inputShape - [height, width, channels]. */
  constructor(inputShape: readonly [number, number, number]) {
    inputShape.forEach((size, i) => checkInteger(['height', 'width', 'inputChannels'][i]!, size, 1));
    this.#inputShape = inputShape;
    this.shape = inputShape;
  }

  /** [height, width, channels] → [height', width', filters]; see {@link outputSize}. */
  conv2d(name: string, convolution: CountedConvolution): void {
    const { filters, kernelSize, bias = false } = convolution;
    checkInteger(`${name}: filters`, filters, 1);
    const inputs = this.#channels();
    const output = [...this.#convolved(convolution), filters];
    const kernel = kernelSize * kernelSize * inputs * filters;
    this.#add(name, 'conv2d', output, kernel + (bias ? filters : 0), kernel * pixels(output));
  }

  /** [height, width, channels] → [height', width', channels]; see {@link outputSize}. */
  depthwiseConv2d(name: string, convolution: Omit<CountedConvolution, 'filters'>): void {
    const { kernelSize, bias = false } = convolution;
    const channels = this.#channels();
    const output = [...this.#convolved(convolution), channels];
    const kernel = kernelSize * kernelSize * channels;
    this.#add(name, 'depthwiseConv2d', output, kernel + (bias ? channels : 0), kernel * pixels(output));
  }

  batchNorm(name: string): void {
    const channels = this.#channels();
    this.#add(name, 'batchNorm', this.shape, 2 * channels, 0, 2 * channels);
  }

  /** A layer without parameters that keeps the shape. */
  elementWise(
    name: string,
    type: 'relu' | 'relu6' | 'swish' | 'sigmoid' | 'multiply' | 'add' | 'dropout',
  ): void {
    this.#add(name, type, this.shape);
  }

  /** A max pooling that keeps ceil(size / stride) pixels. */
  maxPool(name: string, stride: number): void {
    this.#add(name, 'maxPool', [...this.#strided(stride), this.#channels()]);
  }

  /** [height, width, channels] → [channels], or [1, 1, channels] with `keepDimensions`. */
  globalAvgPool(name: string, keepDimensions = false): void {
    const channels = this.#channels();
    this.#add(name, 'globalAvgPool', keepDimensions ? [1, 1, channels] : [channels]);
  }

  /** The parameter-free shortcut of a residual block: every stride-th pixel, zero channels added. */
  padShortcut(name: string, { filters, stride }: { filters: number; stride: number }): void {
    this.#add(name, 'padShortcut', [...this.#strided(stride), filters]);
  }

  /** [features] → [units], with a bias. */
  dense(name: string, units: number): void {
    checkInteger(`${name}: units`, units, 1);
    if (this.shape.length !== 1) {
      throw new ArgumentError(
        `${name}: the shape is [${this.shape}]; a dense layer needs [features], as after globalAvgPool.`,
      );
    }
    const inputs = this.#channels();
    this.#add(name, 'dense', [units], inputs * units + units, inputs * units);
  }

  /** All rows so far and their sums. */
  describe(name: string): ModelDescription {
    const layers = [...this.#layers];
    const sum = (value: (layer: LayerDescription) => number) =>
      layers.reduce((s, layer) => s + value(layer), 0);
    return {
      name,
      inputShape: this.#inputShape,
      layers,
      parameters: sum((layer) => layer.parameters),
      statistics: sum((layer) => layer.statistics),
      multiplyAdds: sum((layer) => layer.multiplyAdds),
      activationSize: sum((layer) => product(layer.outputShape)),
    };
  }

  #channels(): number {
    return this.shape.at(-1)!;
  }

  /** Height and width. */
  #sides(): number[] {
    if (this.shape.length !== 3) {
      throw new ArgumentError(`The shape is [${this.shape}]; this layer needs [height, width, channels].`);
    }
    return this.shape.slice(0, 2);
  }

  #strided(stride: number): number[] {
    return this.#sides().map((size) => outputSize(size, 1, stride));
  }

  #convolved({
    kernelSize,
    stride,
    padding = 'same',
    dilation,
  }: Omit<CountedConvolution, 'filters'>): number[] {
    return this.#sides().map((size, i) => {
      const side = typeof padding === 'object' ? padding[i]! : padding;
      return outputSize(size, kernelSize, stride, side, dilation);
    });
  }

  #add(
    name: string,
    type: LayerType,
    outputShape: Shape,
    parameters = 0,
    multiplyAdds = 0,
    statistics = 0,
  ): void {
    const inputShape = this.shape;
    this.#layers.push({ name, type, inputShape, outputShape, parameters, statistics, multiplyAdds });
    this.shape = outputShape;
  }
}

function pixels([height, width]: Shape): number {
  return height! * width!;
}

function product(shape: Shape): number {
  return shape.reduce((a, b) => a * b, 1);
}
