import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import '../../../src/backends/simd/index.js';
import { kernels } from '../../../src/backends/simd/kernels/index.js';
import { runListKernel, runUpdate, type UpdateName } from '../../../src/core/kernels.js';
import { Random } from '../../../src/core/random.js';
import { groupedConv } from '../../../src/layers/grouped-conv.js';
import { runOn, type Input, type Operation } from '../compare.js';

// Every kernel that this backend has of its own puts not-a-number and infinities where the cpu backend puts them, or the
// composition of its operations where cpu has no such kernel; whatever the sizes, so that the last values of a row count.

/** What one run of a kernel is: inputs, the operation on simd, and on cpu where it has another form. */
interface Run {
  readonly inputs: readonly Input[];
  readonly simd: Operation;
  readonly cpu?: Operation;
}

/** Draws a run; `draw` gives whole numbers. */
type Case = (draw: Draw) => Run;

class Draw {
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** One of these. */
  of<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random.uniform() * values.length)]!;
  }

  integer(min: number, max: number): number {
    return min + Math.floor(this.#random.uniform() * (max - min + 1));
  }

  /** Ordinary values. */
  plain(shape: number[]): Input {
    return {
      shape,
      values: this.#random.uniformArray(tf.util.sizeFromShape(shape), -2, 2),
      dtype: 'float32',
    };
  }

  /** Positive values. */
  positive(shape: number[]): Input {
    const plain = this.plain(shape);
    return { ...plain, values: plain.values.map((v) => Math.abs(v) + 0.1) };
  }

  /** Some special values among ordinary ones, the first and the last more often than others. */
  strewn(shape: number[], specials: readonly number[] = SPECIAL): Input {
    const input = this.plain(shape);
    const size = input.values.length;
    const count = size === 0 ? 0 : this.integer(0, 3);
    for (let i = 0; i < count; i++) {
      input.values[this.of([0, size - 1, this.integer(0, size - 1)])] = this.of(specials);
    }
    return input;
  }

  shape(rank = this.integer(0, 4)): number[] {
    return Array.from({ length: rank }, () => this.of([0, 1, 1, 2, 3, 4, 5, 7, 9]));
  }

  filled(rank = this.integer(1, 4)): number[] {
    return Array.from({ length: rank }, () => this.of([1, 2, 3, 4, 5, 7, 9]));
  }

  /** An image whose sides hold a window. */
  image(channels: number, least = 3): number[] {
    return [this.integer(1, 2), this.integer(least, 9), this.integer(least, 9), channels];
  }
}

/** Not-a-number, infinities, zeros, and values at the ends of the range. */
const SPECIAL = [NaN, Infinity, -Infinity, -0, 0, 1e-40, -1e-45, 1e3, -1e3, 3e38, -3e38];
/** Without large ones, which sums in another order round otherwise, or overflow. */
const SUMMED = [NaN, Infinity, -Infinity, -0, 0, 1e-40];

/** Any kernel, of inputs by name. */
const kernel =
  (name: string, names: readonly string[], attrs: object = {}): Operation =>
  (...tensors) =>
    tf
      .engine()
      .runKernel(
        name,
        Object.fromEntries(names.map((input, i) => [input, tensors[i] as tf.Tensor])),
        attrs as tf.NamedAttrMap,
      );

const unary =
  (name: string, attrs: object = {}, cpu?: Operation): Case =>
  (draw) => ({
    inputs: [draw.strewn(draw.shape())],
    simd: kernel(name, ['x'], attrs),
    ...(cpu && { cpu }),
  });

const binary =
  (name: string): Case =>
  (draw) => {
    const shape = draw.shape();
    const repeated = shape
      .map((size) => (draw.integer(0, 2) === 0 ? 1 : size))
      .slice(draw.integer(0, shape.length));
    const inputs = [draw.strewn(shape), draw.strewn(draw.of([shape, repeated]))];
    return { inputs: draw.of([inputs, inputs.toReversed()]), simd: kernel(name, ['a', 'b']) };
  };

const reduce =
  (reduction: typeof tf.sum, specials: readonly number[]): Case =>
  (draw) => {
    const shape = draw.of([draw.filled(), [draw.integer(1, 3), draw.integer(1, 70)]]);
    const axes = [...shape.keys()].filter(() => draw.integer(0, 1) === 1);
    return { inputs: [draw.strewn(shape, specials)], simd: (x: tf.Tensor) => reduction(x, axes) };
  };

/** Pixels of windows and steps. */
function windows(draw: Draw, dilated: boolean) {
  const strides = draw.of([1, 2]);
  return {
    strides: [strides, strides],
    pad: draw.of(['same', 'valid']),
    dataFormat: 'NHWC',
    dilations: dilated && strides === 1 ? draw.of([1, 2]) : 1,
  };
}

/** Channels that Winograd's convolution takes, and others. */
const channelsOf = (draw: Draw) => draw.of([1, 3, 4, 5, 9, 16, 16, 20]);

/**
 * A convolution. Padding is zeros that count as values, so that with an infinite weight it gives not-a-number as in PyTorch,
 * where cpu leaves padding out: so kernels have special values only where there is none.
 */
function convolved(draw: Draw) {
  const [channels, filters] = [channelsOf(draw), draw.of([1, 5, 8, 16, 24])];
  const side = draw.of([1, 2, 3, 3]);
  const attrs = { ...windows(draw, true), dimRoundingMode: undefined };
  const special = attrs.pad === 'valid' && draw.integer(0, 1) === 1;
  const shape = [side, side, channels, filters];
  return {
    attrs,
    filters,
    x: draw.strewn(draw.image(channels, 5), SUMMED),
    filter: special ? draw.strewn(shape, SUMMED) : draw.plain(shape),
  };
}

const activations = ['linear', 'relu', 'relu6', 'sigmoid'];

function outputShape(
  x: Input,
  filter: Input,
  { strides, pad }: { strides: number[]; pad: string },
  depthwise = false,
) {
  const [shape, window] = [x.shape, filter.shape] as [number, number, number, number][];
  return tf.backend_util.computeConv2DInfo(
    shape!,
    window!,
    strides as [number, number],
    1,
    pad as 'same',
    undefined,
    depthwise,
  ).outShape;
}

/** The gradients of a convolution; of `name`, by the second operand. */
const gradientOf =
  (name: string, by: 'input' | 'filter', depthwise: boolean): Case =>
  (draw) => {
    const channels = channelsOf(draw);
    const side = draw.of([2, 3, 3]);
    const shape = [side, side, channels, depthwise ? 1 : draw.of([5, 8, 16])];
    const attrs = { ...windows(draw, false), dilations: 1 };
    const x = draw.strewn(draw.image(channels, 5), SUMMED);
    const filter = draw.plain(shape);
    const out = outputShape(x, filter, attrs, depthwise);
    if (by === 'input') {
      const operation = kernel(name, ['dy', 'filter'], { ...attrs, inputShape: x.shape });
      return { inputs: [draw.strewn(out, SUMMED), filter], simd: operation };
    }
    const dy = attrs.pad === 'valid' ? draw.strewn(out, SUMMED) : draw.plain(out);
    return { inputs: [x, dy], simd: kernel(name, ['x', 'dy'], { ...attrs, filterShape: shape }) };
  };

/** A convolution of groups; on cpu it is one for each of them. */
function grouped(draw: Draw) {
  const [groups, depth, filters] = [draw.integer(2, 4), draw.of([4, 8, 12]), draw.of([4, 8, 12])];
  const { strides: step, pad } = windows(draw, false);
  const attrs = { strides: step[0]!, pad, groups, activation: draw.of(activations) };
  const side = draw.of([1, 3]);
  const shape = [side, side, depth, filters * groups];
  const x = draw.strewn(draw.image(depth * groups, 5), SUMMED);
  const out = outputShape(x, { ...x, shape }, { strides: step, pad });
  const compose = (x: tf.Tensor4D, filter: tf.Tensor4D, bias?: tf.Tensor1D) =>
    groupedConv(x, filter, groups, {
      ...{ strides: attrs.strides, pad: pad as 'same', bias },
      activation: bias ? (attrs.activation as 'relu') : 'linear',
    });
  return { attrs, shape, x, out, compose, isPadded: pad === 'same' };
}

const depthwise = (draw: Draw) => {
  const channels = channelsOf(draw);
  const attrs = windows(draw, true);
  const shape = [3, 3, channels, 1];
  const filter = attrs.pad === 'valid' ? draw.strewn(shape, SUMMED) : draw.plain(shape);
  return { channels, attrs, inputs: [draw.strewn(draw.image(channels, 5), SUMMED), filter] };
};

const matrices = (draw: Draw) => {
  const [rows, depth, columns] = [draw.integer(1, 9), draw.integer(1, 19), draw.integer(1, 19)];
  const attrs = { transposeA: draw.of([true, false]), transposeB: draw.of([true, false]) };
  const a = draw.strewn([1, ...(attrs.transposeA ? [depth, rows] : [rows, depth])], SUMMED);
  const b = draw.strewn([1, ...(attrs.transposeB ? [columns, depth] : [depth, columns])], SUMMED);
  return { attrs, a, b, columns };
};

/** Windows of pooling. */
const pool = (draw: Draw) => ({ ...windows(draw, false), filterSize: draw.of([2, 3]) });

const poolGradient =
  (name: string): Case =>
  (draw) => {
    const attrs = pool(draw);
    const x = draw.strewn(draw.image(channelsOf(draw), 4), SUMMED);
    const { strides, pad, filterSize } = attrs;
    const shape = x.shape as [number, number, number, number];
    const { outShape } = tf.backend_util.computePool2DInfo(
      shape,
      filterSize,
      strides as [number, number],
      1,
      pad as 'same',
    );
    return {
      inputs: [draw.strewn(outShape, SUMMED), x],
      // The output is not read, but for its place.
      simd: (dy: tf.Tensor, x: tf.Tensor) => kernel(name, ['dy', 'input', 'output'], attrs)(dy, x, dy),
    };
  };

/** What comes of two parameters after an optimizer's step: the composition that `optimizers` of `training` make elsewhere. */
const update =
  (name: UpdateName, state: readonly string[], attrs: Record<string, number>, composed: Operation): Case =>
  (draw) => {
    const names = ['variable', ...state, 'gradient'];
    const sizes = [draw.of([0, 1, 3, 4, 5, 17]), draw.of([0, 1, 6])];
    const { rate = 0, decay = 0, keep = 1, ...rule } = attrs;
    return {
      inputs: sizes.flatMap((size) =>
        names.map((name) => (name === 'meanSquare' ? draw.positive([size]) : draw.strewn([size], SUMMED))),
      ),
      simd: (...tensors: tf.Tensor[]) => {
        const updates = sizes.map((_, i) => {
          const group = tensors.slice(i * names.length, (i + 1) * names.length);
          const [variable, ...slots] = group.slice(0, -1).map((tensor) => tf.variable(tensor));
          return { variable: variable!, slots, gradient: group.at(-1)!, rate, decay, keep };
        });
        runUpdate(name, updates, rule);
        const variables = updates.flatMap(({ variable, slots }) => [variable, ...slots]);
        const results = variables.map((variable) => tf.mul(variable, 1));
        tf.dispose(variables);
        return results;
      },
      cpu: (...tensors: tf.Tensor[]) =>
        sizes.flatMap((_, i) => composed(...tensors.slice(i * names.length, (i + 1) * names.length))),
    };
  };

/** A list of tensors. */
const list = (draw: Draw) =>
  Array.from({ length: draw.integer(1, 3) }, () => draw.strewn(draw.shape(), SUMMED));

const { add, sub, mul, div, sqrt, square } = tf;

/** Of a training step's batch norm: a channel with a special value is not-a-number as a whole. */
const batch = (draw: Draw) => {
  const channels = draw.of([1, 3, 4, 5, 9]);
  return { x: draw.strewn([2, 3, draw.integer(1, 5), channels], SUMMED), channels };
};

/** Of squeeze-excitation: an image with a special value is not-a-number in part. */
const excited = (draw: Draw) => {
  const [channels, squeezed] = [channelsOf(draw), draw.of([1, 2, 5])];
  const x = draw.strewn(draw.image(channels, 1), SUMMED);
  const shapes = [[1, 1, channels, squeezed], [squeezed], [1, 1, squeezed, channels], [channels]];
  return { x, weights: shapes.map((shape) => draw.plain(shape)), images: x.shape[0]!, channels, squeezed };
};

const cases: Record<string, Case> = {
  Add: binary('Add'),
  Sub: binary('Sub'),
  Multiply: binary('Multiply'),
  RealDiv: binary('RealDiv'),
  Maximum: binary('Maximum'),
  Minimum: binary('Minimum'),
  SquaredDifference: binary('SquaredDifference'),
  Relu: unary('Relu'),
  Relu6: unary('Relu6'),
  Sigmoid: unary('Sigmoid'),
  Exp: unary('Exp'),
  Sqrt: unary('Sqrt'),
  Rsqrt: unary('Rsqrt'),
  Square: unary('Square'),
  Neg: unary('Neg'),
  Abs: unary('Abs'),
  LeakyRelu: unary('LeakyRelu', { alpha: 0.2 }),
  Step: unary('Step', { alpha: 0.1 }),
  ClipByValue: unary('ClipByValue', { clipValueMin: -1, clipValueMax: 1 }),
  Swish: unary('Swish', {}, (x) => mul(x, tf.sigmoid(x))),
  SwishGrad: (draw) => {
    const shape = draw.shape();
    return {
      inputs: [draw.strewn(shape, [...SUMMED, 1e3, -1e3]), draw.strewn(shape, SUMMED)],
      simd: kernel('SwishGrad', ['x', 'dy']),
      cpu: (x, dy) => {
        const s = tf.sigmoid(x);
        return mul(dy, mul(s, add(1, mul(x, sub(1, s)))));
      },
    };
  },
  AddRelu: (draw) => {
    const shape = draw.shape();
    return {
      inputs: [draw.strewn(shape), draw.strewn(shape)],
      simd: kernel('AddRelu', ['a', 'b']),
      cpu: (a, b) => tf.relu(add(a, b)),
    };
  },
  // As in PyTorch: 0 where y is not above 0, even of an infinite dy, and dy where y is not a number.
  ReluGrad: (draw) => {
    const shape = draw.shape();
    return {
      inputs: [draw.strewn(shape), draw.strewn(shape)],
      simd: kernel('ReluGrad', ['y', 'dy']),
      cpu: (y, dy) => tf.where(tf.lessEqual(y, 0), tf.zerosLike(dy), dy),
    };
  },
  Sum: reduce(tf.sum, SUMMED),
  Mean: reduce(tf.mean, SUMMED),
  Max: reduce(tf.max, SPECIAL),
  Softmax: (draw) => ({
    inputs: [draw.strewn(draw.shape(draw.integer(1, 3)), SUMMED)],
    simd: (x) => tf.softmax(x),
  }),
  MaxPool: (draw) => ({
    inputs: [draw.strewn(draw.image(channelsOf(draw)))],
    simd: kernel('MaxPool', ['x'], pool(draw)),
  }),
  AvgPool: (draw) => ({
    inputs: [draw.strewn(draw.image(channelsOf(draw)), SUMMED)],
    simd: kernel('AvgPool', ['x'], pool(draw)),
  }),
  MaxPoolGrad: poolGradient('MaxPoolGrad'),
  AvgPoolGrad: poolGradient('AvgPoolGrad'),
  FusedBatchNorm: (draw) => {
    const channels = channelsOf(draw);
    const parts = [1, 2, 3].map(() => draw.strewn([channels], SUMMED));
    const variance = draw.positive([channels]);
    if (draw.integer(0, 2) === 0) variance.values[channels - 1] = draw.of([NaN, Infinity, 0, -1]);
    return {
      inputs: [draw.strewn([2, 2, 3, channels], SUMMED), ...parts, variance],
      simd: kernel('FusedBatchNorm', ['x', 'mean', 'offset', 'scale', 'variance'], { varianceEpsilon: 1e-3 }),
    };
  },
  BatchNormTraining: (draw) => {
    const { x, channels } = batch(draw);
    const swish = draw.integer(0, 1);
    const attrs = { epsilon: 1e-3, low: swish ? -Infinity : 0, high: swish ? Infinity : 6, swish };
    const names = ['x', 'scale', 'offset', 'shortcut', 'runningMean', 'runningVariance'];
    const perChannel = [1, 2].map(() => draw.plain([channels]));
    const running = [1, 2].map(() => draw.strewn([channels], SUMMED));
    return {
      inputs: [x, ...perChannel, draw.strewn(x.shape, SUMMED), ...running],
      simd: kernel('BatchNormTraining', names, { ...attrs, momentum: 0.9, unbiased: 1 }),
      cpu: (x, scale, offset, shortcut, runningMean, runningVariance) => {
        const { mean, variance } = tf.moments(x, [0, 1, 2]);
        const y = add(tf.batchNorm(x, mean, variance, offset, scale, 1e-3), shortcut);
        const rows = x.size / channels;
        return [
          swish ? mul(y, tf.sigmoid(y)) : tf.relu6(y),
          ...[mean, variance, div(1, sqrt(add(variance, 1e-3)))],
          add(mul(runningMean, 0.9), mul(mean, 1 - 0.9)),
          add(mul(runningVariance, 0.9), mul(mul(variance, rows / (rows - 1)), 1 - 0.9)),
        ];
      },
    };
  },
  BatchNormTrainingGrad: (draw) => {
    const { x, channels } = batch(draw);
    const swish = draw.integer(0, 1);
    const shortcut = swish ? 0 : draw.integer(0, 1);
    const names = ['x', 'dy', swish ? 'unused' : 'y', 'scale', 'offset', 'mean', 'inverseDeviation'];
    const vectors = [1, 2, 3].map(() => draw.plain([channels]));
    return {
      inputs: [
        ...[x, draw.strewn(x.shape, SUMMED), draw.strewn(x.shape, SUMMED)],
        ...[...vectors, draw.positive([channels])],
      ],
      simd: kernel('BatchNormTrainingGrad', names, { low: 0, high: 6, swish, shortcut }),
      cpu: (x, dy, y, scale, offset, mean, inverse) => {
        const centred = sub(x, mean);
        const z = add(mul(centred, mul(scale, inverse)), offset);
        const s = tf.sigmoid(z);
        const gradient = swish
          ? mul(dy, mul(s, add(1, mul(z, sub(1, s)))))
          : tf.where(tf.logicalOr(tf.lessEqual(y, 0), tf.greaterEqual(y, 6)), tf.zerosLike(dy), dy);
        const [sum, product] = [tf.sum(gradient, [0, 1, 2]), tf.sum(mul(gradient, centred), [0, 1, 2])];
        const rows = x.size / channels;
        const rest = sub(
          sub(gradient, div(sum, rows)),
          mul(centred, div(mul(product, square(inverse)), rows)),
        );
        const dx = mul(mul(scale, inverse), rest);
        return [dx, mul(product, inverse), sum, ...(shortcut ? [gradient] : [])];
      },
    };
  },
  SqueezeExcite: (draw) => {
    const { x, weights } = excited(draw);
    const names = ['x', 'reduceWeight', 'reduceBias', 'expandWeight', 'expandBias'];
    return {
      inputs: [x, ...weights],
      simd: kernel('SqueezeExcite', names, { activation: 'swish' }),
      cpu: (x, reduceWeight, reduceBias, expandWeight, expandBias) => {
        const mean = tf.mean(x, [1, 2]);
        const reduced = add(tf.matMul(mean, tf.squeeze(reduceWeight, [0, 1])), reduceBias);
        const active = mul(reduced, tf.sigmoid(reduced));
        const gate = tf.sigmoid(add(tf.matMul(active, tf.squeeze(expandWeight, [0, 1])), expandBias));
        return [mul(x, tf.expandDims(tf.expandDims(gate, 1), 1)), mean, reduced, gate];
      },
    };
  },
  SqueezeExciteGrad: (draw) => {
    const { x, weights, images, channels, squeezed } = excited(draw);
    const [reduceWeight, , expandWeight] = weights;
    const names = ['x', 'dy', 'mean', 'reduced', 'gate', 'reduceWeight', 'expandWeight'];
    return {
      inputs: [
        ...[
          x,
          draw.strewn(x.shape, SUMMED),
          draw.plain([images, channels]),
          draw.strewn([images, squeezed], SUMMED),
        ],
        ...[draw.positive([images, channels]), reduceWeight!, expandWeight!],
      ],
      simd: kernel('SqueezeExciteGrad', names, { activation: 'swish' }),
      cpu: (x, dy, mean, reduced, gate, reduceWeight, expandWeight) => {
        const s = tf.sigmoid(reduced);
        const dGate = mul(tf.sum(mul(x, dy), [1, 2]), mul(gate, sub(1, gate)));
        const slope = mul(s, add(1, mul(reduced, sub(1, s))));
        const dReduced = mul(tf.matMul(dGate, tf.squeeze(expandWeight, [0, 1]), false, true), slope);
        const dMean = tf.matMul(dReduced, tf.squeeze(reduceWeight, [0, 1]), false, true);
        const wide = (y: tf.Tensor) => tf.expandDims(tf.expandDims(y, 1), 1);
        return [
          add(mul(dy, wide(gate)), div(wide(dMean), x.shape[1]! * x.shape[2]!)),
          tf.reshape(tf.matMul(mean, dReduced, true), reduceWeight.shape),
          tf.sum(dReduced, 0),
          tf.reshape(tf.matMul(mul(reduced, s), dGate, true), expandWeight.shape),
          tf.sum(dGate, 0),
        ];
      },
    };
  },
  Conv2D: (draw) => {
    const { x, filter, attrs } = convolved(draw);
    return { inputs: [x, filter], simd: kernel('Conv2D', ['x', 'filter'], attrs) };
  },
  FusedConv2D: (draw) => {
    const { x, filter, attrs, filters } = convolved(draw);
    const operation = kernel('FusedConv2D', ['x', 'filter', 'bias'], {
      ...attrs,
      activation: draw.of(activations),
    });
    return { inputs: [x, filter, draw.strewn([filters], SUMMED)], simd: operation };
  },
  FusedConv2DResidual: (draw) => {
    const { x, filter, attrs, filters } = convolved(draw);
    const unit = { ...attrs, dilations: 1 };
    const names = ['x', 'filter', 'bias', 'residual'];
    return {
      inputs: [x, filter, draw.strewn([filters], SUMMED), draw.strewn(outputShape(x, filter, unit), SUMMED)],
      simd: kernel('FusedConv2DResidual', names, { ...unit, activation: 'relu' }),
      cpu: (x, filter, bias, residual) =>
        tf.relu(
          add(
            add(tf.conv2d(x, filter, unit.strides as [number, number], unit.pad as 'same'), bias),
            residual,
          ),
        ),
    };
  },
  GroupedConv2D: (draw) => {
    const { attrs, shape, x, out, compose, isPadded } = grouped(draw);
    const filter = isPadded ? draw.plain(shape) : draw.strewn(shape, SUMMED);
    const inputs = [x, filter, draw.strewn([shape[3]!], SUMMED)];
    const names = ['x', 'filter', 'bias', 'residual'];
    if (draw.integer(0, 1) === 0)
      return { inputs, simd: kernel('GroupedConv2D', names.slice(0, 3), attrs), cpu: compose };
    const clamped = { ...attrs, activation: 'relu' };
    return {
      inputs: [...inputs, draw.strewn(out, SUMMED)],
      simd: kernel('GroupedConv2D', names, clamped),
      cpu: (x, filter, bias, residual) => tf.relu(add(add(compose(x, filter), bias), residual)),
    };
  },
  GroupedConv2DBackpropInput: (draw) => {
    const { attrs, shape, x, out, compose } = grouped(draw);
    const operation = kernel('GroupedConv2DBackpropInput', ['dy', 'filter'], {
      ...attrs,
      inputShape: x.shape,
    });
    return {
      inputs: [draw.strewn(out, SUMMED), draw.plain(shape)],
      simd: operation,
      cpu: (dy, filter) => tf.grad((x) => compose(x as tf.Tensor4D, filter))(tf.zeros(x.shape), dy),
    };
  },
  GroupedConv2DBackpropFilter: (draw) => {
    const { attrs, shape, x, out, compose, isPadded } = grouped(draw);
    const operation = kernel('GroupedConv2DBackpropFilter', ['x', 'dy'], { ...attrs, filterShape: shape });
    return {
      inputs: [x, isPadded ? draw.plain(out) : draw.strewn(out, SUMMED)],
      simd: operation,
      cpu: (x, dy) => tf.grad((filter) => compose(x, filter as tf.Tensor4D))(tf.zeros(shape), dy),
    };
  },
  Conv2DBackpropInput: gradientOf('Conv2DBackpropInput', 'input', false),
  Conv2DBackpropFilter: gradientOf('Conv2DBackpropFilter', 'filter', false),
  DepthwiseConv2dNative: (draw) => {
    const { attrs, inputs } = depthwise(draw);
    return { inputs, simd: kernel('DepthwiseConv2dNative', ['x', 'filter'], attrs) };
  },
  FusedDepthwiseConv2D: (draw) => {
    const { attrs, inputs, channels } = depthwise(draw);
    const operation = kernel('FusedDepthwiseConv2D', ['x', 'filter', 'bias'], {
      ...attrs,
      activation: draw.of(activations),
    });
    return { inputs: [...inputs, draw.strewn([channels], SUMMED)], simd: operation };
  },
  DepthwiseConv2dNativeBackpropInput: gradientOf('DepthwiseConv2dNativeBackpropInput', 'input', true),
  DepthwiseConv2dNativeBackpropFilter: gradientOf('DepthwiseConv2dNativeBackpropFilter', 'filter', true),
  BatchMatMul: (draw) => {
    const { a, b, attrs } = matrices(draw);
    return { inputs: [a, b], simd: kernel('BatchMatMul', ['a', 'b'], attrs) };
  },
  _FusedMatMul: (draw) => {
    const { a, b, attrs, columns } = matrices(draw);
    const operation = kernel('_FusedMatMul', ['a', 'b', 'bias'], {
      ...attrs,
      activation: draw.of(activations),
    });
    return { inputs: [a, b, draw.strewn([columns], SUMMED)], simd: operation };
  },
  SGDStep: update(
    'SGDStep',
    ['momentum'],
    { rate: 0.1, decay: 0.01, keep: 0.9, momentum: 0.9, nesterov: 1 },
    (w, m, gradient) => {
      const g = add(mul(w, 0.01), gradient);
      const momentum = add(mul(m, 0.9), g);
      return [sub(mul(w, 0.9), mul(add(mul(momentum, 0.9), g), 0.1)), momentum];
    },
  ),
  AdamStep: update(
    'AdamStep',
    ['mean', 'meanSquare'],
    { rate: 0.1, beta1: 0.9, beta2: 0.99, meanScale: 2, rootScale: 3, epsilon: 1e-3 },
    (w, mean, meanSquare, g) => {
      const m = add(mul(mean, 0.9), mul(g, 0.1));
      const s = add(mul(meanSquare, 0.99), mul(square(g), 0.01));
      return [sub(w, mul(div(mul(m, 2), add(mul(sqrt(s), 3), 1e-3)), 0.1)), m, s];
    },
  ),
  RMSPropStep: update(
    'RMSPropStep',
    ['meanSquare', 'momentum'],
    { rate: 0.1, rho: 0.9, momentum: 0.9, epsilon: 1e-3 },
    (w, meanSquare, momentum, g) => {
      const s = add(mul(meanSquare, 0.9), mul(square(g), 0.1));
      const m = add(mul(momentum, 0.9), mul(mul(g, div(1, sqrt(add(s, 1e-3)))), 0.1));
      return [sub(w, m), s, m];
    },
  ),
  LAMBStep: update(
    'LAMBStep',
    ['mean', 'meanSquare'],
    { rate: 0.1, decay: 0.1, beta1: 0.9, beta2: 0.99, meanScale: 2, rootScale: 3, epsilon: 1e-3 },
    (w, mean, meanSquare, g) => {
      const m = add(mul(mean, 0.9), mul(g, 0.1));
      const s = add(mul(meanSquare, 0.99), mul(square(g), 0.01));
      const change = add(div(mul(m, 2), add(mul(sqrt(s), 3), 1e-3)), mul(w, 0.1));
      const [a, b] = [tf.norm(w), tf.norm(change)];
      const trust = tf.where(tf.logicalAnd(tf.greater(a, 0), tf.greater(b, 0)), div(a, b), tf.scalar(1));
      return [sub(w, mul(change, mul(trust, 0.1))), m, s];
    },
  ),
  GlobalNorm: (draw) => ({
    inputs: list(draw),
    simd: (...tensors: tf.Tensor[]) => runListKernel('GlobalNorm', tensors),
    cpu: (...tensors: tf.Tensor[]) =>
      sqrt(tensors.map((x) => tf.sum(square(x))).reduce((a, b) => add(a, b), tf.scalar(0))),
  }),
  ScaledSums: (draw) => {
    const tensors = list(draw);
    const sums = draw.of([[], tensors.map(({ shape }) => draw.strewn(shape, SUMMED))]);
    return {
      inputs: [...tensors, ...sums],
      simd: (...inputs: tf.Tensor[]) =>
        runListKernel('ScaledSums', [tf.scalar(0.3), ...inputs], { adds: Number(sums.length > 0) }),
      cpu: (...inputs: tf.Tensor[]) =>
        tensors.map((_, i) =>
          sums.length > 0 ? add(inputs[tensors.length + i]!, mul(inputs[i]!, 0.3)) : mul(inputs[i]!, 0.3),
        ),
    };
  },
  MovingAverageStep: update('MovingAverageStep', [], { rate: 0.1 }, (a, w) => [add(a, mul(sub(w, a), 0.1))]),
  ResizeBilinear: (draw) => ({
    inputs: [draw.strewn(draw.image(channelsOf(draw), 1), SUMMED)],
    simd: kernel('ResizeBilinear', ['images'], {
      size: [draw.integer(1, 9), draw.integer(1, 9)],
      ...draw.of([
        { alignCorners: true, halfPixelCenters: false },
        { alignCorners: false, halfPixelCenters: true },
        { alignCorners: false, halfPixelCenters: false },
      ]),
    }),
  }),
  Transpose: (draw) => {
    const shape = draw.shape();
    const perm = [...shape.keys()].sort(() => draw.of([-1, 1]));
    return { inputs: [draw.strewn(shape)], simd: (x) => tf.transpose(x, perm) };
  },
  Slice: (draw) => {
    const shape = draw.filled();
    const begin = shape.map((size) => draw.integer(0, size - 1));
    return { inputs: [draw.strewn(shape)], simd: (x) => tf.slice(x, begin) };
  },
  PadV2: (draw) => {
    const shape = draw.filled();
    const paddings = shape.map(() => [draw.integer(0, 2), draw.integer(0, 2)]);
    return {
      inputs: [draw.strewn(shape)],
      simd: kernel('PadV2', ['x'], { paddings, constantValue: draw.of([0, NaN, -Infinity]) }),
    };
  },
  Concat: (draw) => {
    const shape = draw.shape(draw.integer(1, 4));
    const axis = draw.integer(0, shape.length - 1);
    const other = shape.map((size, i) => (i === axis ? draw.integer(0, 5) : size));
    return { inputs: [draw.strewn(shape), draw.strewn(other)], simd: (a, b) => tf.concat([a, b], axis) };
  },
  Tile: (draw) => {
    const shape = draw.filled();
    const reps = shape.map(() => draw.of([1, 2]));
    return { inputs: [draw.strewn(shape)], simd: (x) => tf.tile(x, reps) };
  },
};

test('every kernel of this backend has its case', () => {
  expect(Object.keys(cases).sort()).toEqual(Object.keys(kernels).sort());
});

/** NaN, infinity and its sign, or a value that is close; how close, the tests of each kernel say. */
function sameKind(actual: number, expected: number): boolean {
  if (!Number.isFinite(expected) || !Number.isFinite(actual)) return Object.is(actual, expected);
  return Math.abs(actual - expected) <= 1e-4 * Math.max(1, Math.abs(expected));
}

test.each(Object.keys(cases))('%s puts special values where cpu does', async (name) => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), async (seed) => {
      const { inputs, simd, cpu = simd } = cases[name]!(new Draw(seed));
      const expected = await runOn('cpu', inputs, cpu);
      const actual = await runOn('simd', inputs, simd);
      expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
      expected.forEach(({ values }, output) => {
        const wrong = Array.from(
          values,
          (value, i) => [i, actual[output]!.values[i]!, value] as const,
        ).filter(([, a, e]) => !sameKind(a, e));
        expect(wrong).toEqual([]);
      });
    }),
    { seed: 1, numRuns: 30 },
  );
});
