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

/** Options of {@link LayerCounter.conv2d}. */
export interface CountedConvolution {
  readonly filters: number;
  readonly kernelSize: number;
  /** Default 1. */
  readonly stride?: number;
  /** Default false. */
  readonly bias?: boolean;
}

/** Walks the shape of one image through a network and records a row a layer, without building any. */
export class LayerCounter {
  readonly #layers: LayerDescription[] = [];
  readonly #inputShape: Shape;
  /** The output of the layer that was counted last. Set it to go back to the start of a branch. */
  shape: Shape;

  constructor(inputShape: Shape) {
    this.#inputShape = inputShape;
    this.shape = inputShape;
  }

  /** A convolution whose padding keeps ceil(size / stride) pixels, as every convolution of these networks does. */
  conv2d(name: string, { filters, kernelSize, stride = 1, bias = false }: CountedConvolution): void {
    const inputs = this.#channels();
    const output = [...this.#strided(stride), filters];
    const kernel = kernelSize * kernelSize * inputs * filters;
    this.#add(name, 'conv2d', output, kernel + (bias ? filters : 0), kernel * pixels(output));
  }

  depthwiseConv2d(
    name: string,
    { kernelSize, stride = 1, bias = false }: Omit<CountedConvolution, 'filters'>,
  ): void {
    const channels = this.#channels();
    const output = [...this.#strided(stride), channels];
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

  globalAvgPool(name: string, keepDimensions = false): void {
    const channels = this.#channels();
    this.#add(name, 'globalAvgPool', keepDimensions ? [1, 1, channels] : [channels]);
  }

  padShortcut(name: string, { filters, stride }: { filters: number; stride: number }): void {
    this.#add(name, 'padShortcut', [...this.#strided(stride), filters]);
  }

  dense(name: string, units: number): void {
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

  #strided(stride: number): number[] {
    return this.shape.slice(0, 2).map((size) => Math.ceil(size / stride));
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
