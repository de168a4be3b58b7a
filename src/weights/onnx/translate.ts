import * as tf from '@tensorflow/tfjs-core';
import type { Trace, TracedNode, TracedValue } from '../../graph/trace.js';
import { isImageMean } from '../../graph/describe.js';
import { elementTypes, type OnnxAttribute, type OnnxGraph } from './graph.js';
import { cannot, Values } from './values.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any
type Attributes = Record<string, any>;
type Translation = (node: TracedNode, attributes: Attributes) => void;

/** Where a slice goes to the end. */
const END = 2 ** 31 - 1;
/** Where the axes of an NHWC tensor are in NCHW. */
const planarAxis = [0, 2, 3, 1];

/** tfjs's names of operations of one tensor that ONNX has too. */
const unary: Readonly<Record<string, string>> = Object.fromEntries(
  (
    'Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Exp Floor Log Neg Reciprocal Relu Round Selu Sigmoid Sign ' +
    'Sin Sinh Softplus Sqrt Tan Tanh'
  )
    .split(' ')
    .map((name) => [name, name]),
);
const binary: Readonly<Record<string, string>> = {
  Add: 'Add',
  Sub: 'Sub',
  Multiply: 'Mul',
  RealDiv: 'Div',
  Maximum: 'Max',
  Minimum: 'Min',
  Pow: 'Pow',
  Prelu: 'PRelu',
  Equal: 'Equal',
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
  LogicalXor: 'Xor',
};
const reductions: Readonly<Record<string, string>> = {
  Max: 'ReduceMax',
  Mean: 'ReduceMean',
  Min: 'ReduceMin',
  Prod: 'ReduceProd',
};

/** Turns the kernels of a trace into nodes of a graph. */
export class Translator {
  readonly values: Values;

  constructor(
    readonly graph: OnnxGraph,
    readonly trace: Trace,
    other: Trace,
  ) {
    this.values = new Values(graph, trace, other, (node) => this.#reshape(node));
  }

  /** Adds what the outputs need, and the outputs under these names. */
  run(): void {
    const needed = new Set<TracedNode>();
    const outputs = Object.values(this.trace.outputs);
    const isNeeded = new Set<TracedValue>(outputs);
    for (const node of [...this.trace.nodes].reverse()) {
      if (!node.outputs.some((value) => isNeeded.has(value))) continue;
      needed.add(node);
      for (const value of Object.values(node.inputs)) isNeeded.add(value);
    }
    for (const node of this.trace.nodes) if (needed.has(node)) this.#translate(node);
    for (const [name, value] of Object.entries(this.trace.outputs)) {
      const found = value.shape.length === 4 ? this.values.planar(value) : this.values.plain(value);
      const unique = this.values.name(name);
      if (!this.graph.rename(found, unique)) this.graph.node('Identity', [found], unique);
    }
  }

  #translate(node: TracedNode): void {
    const { kernel, attributes } = node;
    // Added where a value of it is used: many only show a matrix to a kernel.
    if (kernel === 'Reshape' || kernel === 'ExpandDims') return;
    if (unary[kernel]) return this.#each(node, unary[kernel]);
    if (binary[kernel]) return this.#broadcast(node, binary[kernel]);
    const translation = this.#translations[kernel];
    if (!translation) throw cannot(node, 'has no operator of ONNX here');
    translation(node, attributes as Attributes);
  }

  readonly #translations: Readonly<Record<string, Translation>> = {
    Identity: (node) => this.values.alias(node.outputs[0]!, node.inputs.x!),
    Conv2D: (node, attributes) => this.#conv(node, attributes),
    FusedConv2D: (node, attributes) => this.#conv(node, attributes),
    DepthwiseConv2dNative: (node, attributes) => this.#conv(node, attributes),
    FusedDepthwiseConv2D: (node, attributes) => this.#conv(node, attributes),
    Conv2DBackpropInput: (node, attributes) => this.#transposedConv(node, attributes),
    FusedBatchNorm: (node, attributes) => this.#batchNorm(node, attributes),
    MaxPool: (node, attributes) => this.#pool(node, attributes, 'MaxPool'),
    AvgPool: (node, attributes) => this.#pool(node, attributes, 'AveragePool'),
    BatchMatMul: (node, attributes) => this.#matMul(node, attributes),
    _FusedMatMul: (node, attributes) => this.#fusedMatMul(node, attributes),
    Mean: (node, attributes) => this.#reduce(node, attributes),
    Max: (node, attributes) => this.#reduce(node, attributes),
    Min: (node, attributes) => this.#reduce(node, attributes),
    Prod: (node, attributes) => this.#reduce(node, attributes),
    Sum: (node, attributes) => this.#reduce(node, attributes),
    Relu6: (node) => this.#each(node, 'Clip', {}, [this.values.scalar(0), this.values.scalar(6)]),
    ClipByValue: (node, { clipValueMin, clipValueMax }) =>
      this.#each(node, 'Clip', {}, [this.values.scalar(clipValueMin), this.values.scalar(clipValueMax)]),
    LeakyRelu: (node, { alpha }) => this.#each(node, 'LeakyRelu', { alpha: { float: alpha } }),
    LogicalNot: (node) => this.#each(node, 'Not'),
    Cast: (node, { dtype }) =>
      this.#each(node, 'Cast', { to: elementTypes[dtype as keyof typeof elementTypes] }),
    Square: (node) => this.#composed(node, (x, name) => this.graph.node('Mul', [x!, x!], name)),
    Rsqrt: (node) =>
      this.#composed(node, (x, name) => {
        const root = this.graph.node('Sqrt', [x!], this.values.name(`${name}.sqrt`));
        return this.graph.node('Reciprocal', [root], name);
      }),
    SquaredDifference: (node) => {
      this.#broadcast(node, 'Sub', (difference, name) =>
        this.graph.node('Mul', [difference, difference], name),
      );
    },
    NotEqual: (node) =>
      this.#broadcast(node, 'Equal', (equal, name) => this.graph.node('Not', [equal], name)),
    FloorDiv: (node) =>
      this.#broadcast(node, 'Div', (ratio, name) => this.graph.node('Floor', [ratio], name)),
    Select: (node) => this.#broadcast(node, 'Where'),
    AddN: (node) => this.#broadcast(node, 'Sum'),
    Softmax: (node, { dim }) => {
      const { logits } = node.inputs;
      this.#along(node, logits!, dim as number, (x, axis, name) =>
        this.graph.node('Softmax', [x], name, { axis }),
      );
    },
    Concat: (node, { axis }) => {
      const parts = Object.values(node.inputs);
      const isPlanar = parts.some((part) => this.values.isPlanar(part));
      const names = parts.map((part) => (isPlanar ? this.values.planar(part) : this.values.plain(part)));
      const at = axisOf(axis as number, parts[0]!.shape.length);
      const name = this.graph.node('Concat', names, this.#name(node), {
        axis: isPlanar ? planarAxis[at]! : at,
      });
      this.#set(node.outputs[0]!, name, isPlanar);
    },
    SplitV: (node, { axis }) => {
      const x = node.inputs.x!;
      const isPlanar = this.values.isPlanar(x);
      const at = axisOf(axis as number, x.shape.length);
      const names = node.outputs.map(() => this.#name(node));
      const sizes = this.values.integers(node.outputs.map(({ shape }) => shape[at]!));
      if (this.values.isDynamic(x, at)) throw cannot(node, 'splits an axis whose size may be any');
      const input = isPlanar ? this.values.planar(x) : this.values.plain(x);
      this.graph.node('Split', [input, sizes], names, { axis: isPlanar ? planarAxis[at]! : at });
      node.outputs.forEach((output, i) => this.#set(output, names[i]!, isPlanar));
    },
    Pack: (node, { axis }) => {
      const at = axisOf(axis as number, node.outputs[0]!.shape.length);
      const axes = this.values.integers([at]);
      const parts = Object.values(node.inputs).map((part) => {
        const x = this.values.plain(part);
        return this.graph.node('Unsqueeze', [x, axes], this.values.name(`${x}.unsqueezed`));
      });
      this.values.setPlain(
        node.outputs[0]!,
        this.graph.node('Concat', parts, this.#name(node), { axis: at }),
      );
    },
    Unpack: (node, { axis }) => {
      const { value } = node.inputs;
      const at = axisOf(axis as number, value!.shape.length);
      if (this.values.isDynamic(value!, at)) throw cannot(node, 'takes an axis apart whose size may be any');
      const parts = node.outputs.map(() => this.#name(node));
      const sizes = this.values.integers(node.outputs.map(() => 1));
      this.graph.node('Split', [this.values.plain(value!), sizes], parts, { axis: at });
      node.outputs.forEach((output, i) => {
        const squeezed = this.graph.node(
          'Squeeze',
          [parts[i]!, this.values.integers([at])],
          this.#name(node),
        );
        this.values.setPlain(output, squeezed);
      });
    },
    PadV2: (node, { paddings, constantValue }) => {
      const value = constantValue ? [this.values.scalar(constantValue)] : [];
      this.#pad(node, paddings, value, {});
    },
    MirrorPad: (node, { paddings, mode }) => {
      if (mode !== 'reflect') throw cannot(node, `mirrors by the mode ${mode}`);
      this.#pad(node, paddings, [], { mode: 'reflect' });
    },
    Slice: (node) => this.#slice(node),
    Transpose: (node, { perm }) => {
      const name = this.graph.node('Transpose', [this.values.plain(node.inputs.x!)], this.#name(node), {
        perm: perm as number[],
      });
      this.values.setPlain(node.outputs[0]!, name);
    },
    Tile: (node, { reps }) => {
      const x = node.inputs.x!;
      const isPlanar = this.values.isPlanar(x);
      const repeats = this.values.integers(isPlanar ? reordered(reps) : reps);
      const input = isPlanar ? this.values.planar(x) : this.values.plain(x);
      this.#set(node.outputs[0]!, this.graph.node('Tile', [input, repeats], this.#name(node)), isPlanar);
    },
    GatherV2: (node, { axis, batchDims }) => {
      if (batchDims) throw cannot(node, 'gathers in batches');
      const { x, indices } = node.inputs;
      const inputs = [this.values.plain(x!), this.values.plain(indices!)];
      const name = this.graph.node('Gather', inputs, this.#name(node), {
        axis: axisOf(axis as number, x!.shape.length),
      });
      this.values.setPlain(node.outputs[0]!, name);
    },
    ArgMax: (node, { axis }) => this.#argExtreme(node, axis, 'ArgMax'),
    ArgMin: (node, { axis }) => this.#argExtreme(node, axis, 'ArgMin'),
    ResizeBilinear: (node, attributes) => this.#resize(node, attributes, 'linear'),
    ResizeNearestNeighbor: (node, attributes) => this.#resize(node, attributes, 'nearest'),
    DepthToSpace: (node, { blockSize }) => {
      const x = this.values.planar(node.inputs.x!);
      const attributes = { blocksize: blockSize as number, mode: 'DCR' };
      this.values.setPlanar(
        node.outputs[0]!,
        this.graph.node('DepthToSpace', [x], this.#name(node), attributes),
      );
    },
  };

  /** A name for an output of a node, after the module that ran it. */
  #name({ call, kernel }: TracedNode): string {
    return this.values.name(call.path ? `${call.path}.${kernel}` : kernel);
  }

  #set(value: TracedValue, name: string, isPlanar: boolean): void {
    if (isPlanar) this.values.setPlanar(value, name);
    else this.values.setPlain(value, name);
  }

  /** An operator of one tensor, in whichever order its axes are. */
  #each(
    node: TracedNode,
    operator: string,
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    more: readonly string[] = [],
  ): void {
    this.#composed(node, (x, name) => this.graph.node(operator, [x, ...more], name, attributes));
  }

  #composed(node: TracedNode, compose: (x: string, name: string) => string): void {
    const [x] = Object.values(node.inputs) as [TracedValue];
    const isPlanar = this.values.isPlanar(x);
    const name = compose(isPlanar ? this.values.planar(x) : this.values.plain(x), this.#name(node));
    this.#set(node.outputs[0]!, name, isPlanar);
  }

  /** An operator of tensors that are broadcast: of NCHW where one of them is. */
  #broadcast(node: TracedNode, operator: string, then?: (y: string, name: string) => string): void {
    const inputs = Object.values(node.inputs);
    const isPlanar = node.outputs[0]!.shape.length === 4 && inputs.some((x) => this.values.isPlanar(x));
    const names = inputs.map((x) => (isPlanar ? this.values.planar(x) : this.values.plain(x)));
    const name = this.#name(node);
    const first = this.graph.node(operator, names, then ? this.values.name(`${name}.${operator}`) : name);
    this.#set(node.outputs[0]!, then ? then(first, name) : first, isPlanar);
  }

  /** An operator along one axis. */
  #along(
    node: TracedNode,
    x: TracedValue,
    axis: number,
    apply: (x: string, axis: number, name: string) => string,
  ): void {
    const isPlanar = this.values.isPlanar(x);
    const at = axisOf(axis, x.shape.length);
    const input = isPlanar ? this.values.planar(x) : this.values.plain(x);
    const name = apply(input, isPlanar ? planarAxis[at]! : at, this.#name(node));
    this.#set(node.outputs[0]!, name, isPlanar);
  }

  #conv(node: TracedNode, { strides, dilations = 1, pad, activation, leakyreluAlpha }: Attributes): void {
    const { x, filter, bias } = node.inputs as { x: TracedValue; filter: TracedValue; bias?: TracedValue };
    const [height, width, channels, multiplier] = filter.shape as [number, number, number, number];
    const isDepthwise = node.kernel.includes('Depthwise');
    const weight = isDepthwise
      ? this.values.weight(filter, [2, 3, 0, 1], [channels * multiplier, 1, height, width])
      : this.values.weight(filter, [3, 2, 0, 1]);
    const inputs = [this.values.planar(x), weight];
    const biases = bias && bias.shape.length <= 1 ? [this.values.plain(bias)] : [];
    const name = this.graph.node('Conv', [...inputs, ...biases], this.#name(node), {
      kernel_shape: [height, width],
      strides: pair(strides),
      dilations: pair(dilations),
      group: isDepthwise ? channels : x.shape[3]! / channels,
      ...pads(pad),
    });
    this.values.setPlanar(node.outputs[0]!, this.#activated(node, name, activation, leakyreluAlpha));
  }

  #activated(node: TracedNode, x: string, activation = 'linear', alpha?: number): string {
    const name = () => this.values.name(`${x}.${activation}`);
    switch (activation) {
      case 'linear':
        return x;
      case 'relu':
        return this.graph.node('Relu', [x], name());
      case 'relu6':
        return this.graph.node('Clip', [x, this.values.scalar(0), this.values.scalar(6)], name());
      case 'sigmoid':
        return this.graph.node('Sigmoid', [x], name());
      case 'elu':
        return this.graph.node('Elu', [x], name());
      case 'leakyrelu':
        return this.graph.node('LeakyRelu', [x], name(), { alpha: { float: alpha ?? 0.2 } });
      default:
        throw cannot(node, `ends with the activation ${activation}`);
    }
  }

  #transposedConv(node: TracedNode, { strides, pad, inputShape }: Attributes): void {
    const { dy, filter } = node.inputs as { dy: TracedValue; filter: TracedValue };
    const [height, width] = filter.shape as [number, number];
    const { padInfo } = tf.backend_util.computeConv2DInfo(inputShape, filter.shape as never, strides, 1, pad);
    const { top, bottom, left, right } = padInfo;
    const [down, across] = pair(strides) as [number, number];
    const output = (axis: number, stride: number, size: number, padding: number) =>
      node.outputs[0]!.shape[axis]! - (stride * (dy.shape[axis]! - 1) + size - padding);
    const name = this.graph.node(
      'ConvTranspose',
      [this.values.planar(dy), this.values.weight(filter, [3, 2, 0, 1])],
      this.#name(node),
      {
        kernel_shape: [height, width],
        strides: [down, across],
        pads: [top, left, bottom, right],
        output_padding: [output(1, down, height, top + bottom), output(2, across, width, left + right)],
      },
    );
    this.values.setPlanar(node.outputs[0]!, name);
  }

  #batchNorm(node: TracedNode, { varianceEpsilon }: Attributes): void {
    const { x, scale, offset, mean, variance } = node.inputs;
    const vectors = [scale, offset, mean, variance];
    if (!vectors.every((vector) => vector?.shape.length === 1))
      throw cannot(node, 'needs a scale, an offset, a mean and a variance for each channel');
    const names = vectors.map((vector) => this.values.plain(vector!));
    const epsilon = { float: varianceEpsilon as number };
    const name = this.graph.node('BatchNormalization', [this.values.planar(x!), ...names], this.#name(node), {
      epsilon,
    });
    this.values.setPlanar(node.outputs[0]!, name);
  }

  #pool(node: TracedNode, { filterSize, strides, pad }: Attributes, operator: string): void {
    const name = this.graph.node(operator, [this.values.planar(node.inputs.x!)], this.#name(node), {
      kernel_shape: pair(filterSize),
      strides: pair(strides),
      ...pads(pad),
    });
    this.values.setPlanar(node.outputs[0]!, name);
  }

  #matMul(node: TracedNode, { transposeA, transposeB }: Attributes): void {
    const matrix = (value: TracedValue, isTransposed: boolean) => {
      if (!isTransposed) return this.values.plain(value);
      const { length } = value.shape;
      const axes = value.shape.map((_, i) => (i < length - 2 ? i : 2 * length - 3 - i));
      return this.values.weight(value, axes);
    };
    const { a, b } = node.inputs;
    const inputs = [matrix(a!, transposeA), matrix(b!, transposeB)];
    this.values.setPlain(node.outputs[0]!, this.graph.node('MatMul', inputs, this.#name(node)));
  }

  /** A dense layer: tfjs sees its matrices with a first axis of 1. */
  #fusedMatMul(node: TracedNode, { transposeA, transposeB, activation, leakyreluAlpha }: Attributes): void {
    const { a, b, bias } = node.inputs;
    const [x, weight] = [matrixOf(a!), matrixOf(b!)];
    if (!x || !weight || transposeA || transposeB || (bias && bias.shape.length > 1))
      throw cannot(node, 'multiplies more than two matrices');
    const biases = bias ? [this.values.plain(bias)] : [];
    const inputs = [this.values.plain(x), this.values.weight(weight, [1, 0]), ...biases];
    const name = this.graph.node('Gemm', inputs, this.#name(node), { transB: 1 });
    this.values.setMatrix(node.outputs[0]!, this.#activated(node, name, activation, leakyreluAlpha));
  }

  #reduce(node: TracedNode, { axis, reductionIndices, keepDims }: Attributes): void {
    const x = node.inputs.x!;
    const axes = tf.util.parseAxisParam(axis ?? reductionIndices, [...x.shape]);
    if (isImageMean(node)) {
      const mean = this.graph.node('GlobalAveragePool', [this.values.planar(x)], this.#name(node));
      if (keepDims) this.values.setPlanar(node.outputs[0]!, mean);
      else this.values.setPlain(node.outputs[0]!, this.graph.node('Flatten', [mean], this.#name(node)));
      return;
    }
    const isPlanar = keepDims && this.values.isPlanar(x);
    const input = isPlanar ? this.values.planar(x) : this.values.plain(x);
    const at = isPlanar ? axes.map((axis) => planarAxis[axis]!) : axes;
    const keepdims = keepDims ? 1 : 0;
    const name =
      node.kernel === 'Sum'
        ? this.graph.node('ReduceSum', [input, this.values.integers(at)], this.#name(node), { keepdims })
        : this.graph.node(reductions[node.kernel]!, [input], this.#name(node), { axes: at, keepdims });
    this.#set(node.outputs[0]!, name, isPlanar);
  }

  #argExtreme(node: TracedNode, axis: number, operator: string): void {
    const x = node.inputs.x!;
    const at = axisOf(axis, x.shape.length);
    const found = this.graph.node(operator, [this.values.plain(x)], this.#name(node), {
      axis: at,
      keepdims: 0,
    });
    const cast = this.graph.node('Cast', [found], this.#name(node), { to: elementTypes.int32 });
    this.values.setPlain(node.outputs[0]!, cast);
  }

  #pad(
    node: TracedNode,
    paddings: readonly (readonly [number, number])[],
    value: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>>,
  ): void {
    const x = node.inputs.x!;
    const isPlanar = this.values.isPlanar(x);
    const ordered = isPlanar ? reordered(paddings) : paddings;
    const sizes = this.values.integers([
      ...ordered.map(([before]) => before),
      ...ordered.map(([, after]) => after),
    ]);
    const input = isPlanar ? this.values.planar(x) : this.values.plain(x);
    const name = this.graph.node('Pad', [input, sizes, ...value], this.#name(node), attributes);
    this.#set(node.outputs[0]!, name, isPlanar);
  }

  #slice(node: TracedNode): void {
    const x = node.inputs.x!;
    const { shape } = x;
    const parsed = tf.slice_util.parseSliceParams(
      { shape, rank: shape.length } as tf.Tensor,
      node.attributes.begin as number[],
      node.attributes.size as number[],
    );
    const begin = parsed[0]!;
    const end = begin.map((at, axis) => {
      const isToEnd = at + parsed[1]![axis]! === shape[axis];
      if (this.values.isDynamic(x, axis) && !isToEnd)
        throw cannot(node, 'cuts an axis whose size may be any');
      return isToEnd ? END : at + parsed[1]![axis]!;
    });
    const isPlanar = this.values.isPlanar(x);
    const list = (values: readonly number[]) => this.values.integers(isPlanar ? reordered(values) : values);
    const input = isPlanar ? this.values.planar(x) : this.values.plain(x);
    this.#set(
      node.outputs[0]!,
      this.graph.node('Slice', [input, list(begin), list(end)], this.#name(node)),
      isPlanar,
    );
  }

  #resize(node: TracedNode, { size, alignCorners, halfPixelCenters }: Attributes, mode: string): void {
    const images = node.inputs.images!;
    if (this.values.isDynamic(node.outputs[0]!, 1) || this.values.isDynamic(node.outputs[0]!, 2))
      throw cannot(node, 'gives images whose size may be any');
    const x = this.values.planar(images);
    const name = this.#name(node);
    const shape = this.graph.node('Shape', [x], this.values.name(`${name}.shape`), { end: 2 });
    const sizes = this.graph.node(
      'Concat',
      [shape, this.values.integers(size as number[])],
      this.values.name(`${name}.sizes`),
      { axis: 0 },
    );
    const nearest = alignCorners || halfPixelCenters ? 'round_prefer_ceil' : 'floor';
    this.graph.node('Resize', [x, '', '', sizes], name, {
      mode,
      coordinate_transformation_mode: alignCorners
        ? 'align_corners'
        : halfPixelCenters
          ? 'half_pixel'
          : 'asymmetric',
      ...(mode === 'nearest' && { nearest_mode: nearest }),
    });
    this.values.setPlanar(node.outputs[0]!, name);
  }

  #reshape(node: TracedNode): void {
    const [x] = Object.values(node.inputs) as [TracedValue];
    const [output] = node.outputs as [TracedValue];
    const matrix = this.values.matrix(x);
    const { shape } = output;
    const other = this.values.otherShape(output);
    if (matrix !== undefined && shape.length === 2 && x.shape.length === 3)
      return this.values.setPlain(output, matrix);
    const isSame = String(shape) === String(x.shape) && String(other) === String(this.values.otherShape(x));
    if (isSame) return this.values.alias(output, x);
    const isOnePixel = x.shape.length === 4 && x.shape[1] === 1 && x.shape[2] === 1;
    if (isOnePixel && this.values.isPlanar(x) && shape.length === 2 && shape[1] === x.shape[3]) {
      const flat = this.graph.node('Flatten', [this.values.planar(x)], this.#name(node));
      return this.values.setPlain(output, flat);
    }
    const isDynamic = (axis: number) => shape[axis] !== other[axis];
    // A 0 keeps a size, and one -1 is what is left.
    const isKept = (axis: number) =>
      shape[axis] === x.shape[axis] && other[axis] === this.values.otherShape(x)[axis];
    const sizes = shape.map((size, axis) => (!isDynamic(axis) ? size : isKept(axis) ? 0 : -1));
    if (sizes.filter((size) => size === -1).length > 1)
      throw cannot(node, 'gives a shape with two sizes that may be any');
    const inputs = [this.values.plain(x), this.values.integers(sizes)];
    this.values.setPlain(output, this.graph.node('Reshape', inputs, this.#name(node)));
  }
}

/** The matrix that a tensor of one matrix shows, or the tensor itself where it is one. */
function matrixOf(value: TracedValue): TracedValue | undefined {
  if (value.shape.length === 2) return value;
  const { source } = value;
  if (source.kind !== 'node' || source.node.kernel !== 'Reshape') return undefined;
  const x = source.node.inputs.x!;
  return x.shape.length === 2 && value.shape[0] === 1 && value.shape[2] === x.shape[1] ? x : undefined;
}

function axisOf(axis: number, rank: number): number {
  return axis < 0 ? rank + axis : axis;
}

/** A list for the axes of NHWC in the order of NCHW. */
function reordered<T>(list: readonly T[]): T[] {
  return [list[0]!, list[3]!, list[1]!, list[2]!];
}

function pair(size: number | readonly number[]): readonly number[] {
  return typeof size === 'number' ? [size, size] : size;
}

/** The padding of a window as ONNX's attribute. */
function pads(
  padding: 'valid' | 'same' | number | readonly (readonly number[])[],
): Record<string, OnnxAttribute> {
  if (padding === 'same') return { auto_pad: 'SAME_UPPER' };
  if (padding === 'valid') return {};
  if (typeof padding === 'number') return { pads: Array<number>(4).fill(padding) };
  const [, rows, columns] = padding as [unknown, [number, number], [number, number]];
  return { pads: [rows[0], columns[0], rows[1], columns[1]] };
}
