import * as tf from '@tensorflow/tfjs-core';
import type { TracedNode, TracedValue } from '../../graph/trace.js';
import { type Attributes, type Emitter, type Translation } from './emitter.js';
import type { OnnxAttribute } from './graph.js';
import { cannot } from './values.js';

const pool = (operator: string): Translation => {
  return (emitter, node, { filterSize, strides, pad }) => {
    const x = emitter.values.planar(node.inputs.x!);
    const attributes = { kernel_shape: pair(filterSize), strides: pair(strides), ...pads(pad) };
    emitter.values.setPlanar(node.outputs[0]!, emitter.add(node, operator, [x], attributes));
  };
};

/** Kernels of images, whose axes are in the order NCHW. */
export const images: Readonly<Record<string, Translation>> = {
  Conv2D: conv,
  FusedConv2D: conv,
  DepthwiseConv2dNative: conv,
  FusedDepthwiseConv2D: conv,
  Conv2DBackpropInput: transposedConv,
  FusedBatchNorm: batchNorm,
  MaxPool: pool('MaxPool'),
  AvgPool: pool('AveragePool'),
  ResizeBilinear: (emitter, node, attributes) => resize(emitter, node, attributes, 'linear'),
  ResizeNearestNeighbor: (emitter, node, attributes) => resize(emitter, node, attributes, 'nearest'),
  DepthToSpace: (emitter, node, { blockSize }) => {
    const x = emitter.values.planar(node.inputs.x!);
    const attributes = { blocksize: blockSize as number, mode: 'DCR' };
    emitter.values.setPlanar(node.outputs[0]!, emitter.add(node, 'DepthToSpace', [x], attributes));
  },
};

function conv(
  emitter: Emitter,
  node: TracedNode,
  { strides, dilations = 1, pad, activation, leakyreluAlpha }: Attributes,
): void {
  const { values } = emitter;
  const { x, filter, bias } = node.inputs as { x: TracedValue; filter: TracedValue; bias?: TracedValue };
  const [height, width, channels, multiplier] = filter.shape as [number, number, number, number];
  const isDepthwise = node.kernel.includes('Depthwise');
  const weight = isDepthwise
    ? values.weight(filter, [2, 3, 0, 1], [channels * multiplier, 1, height, width])
    : values.weight(filter, [3, 2, 0, 1]);
  const biases = bias && bias.shape.length <= 1 ? [values.plain(bias)] : [];
  const name = emitter.add(node, 'Conv', [values.planar(x), weight, ...biases], {
    kernel_shape: [height, width],
    strides: pair(strides),
    dilations: pair(dilations),
    group: isDepthwise ? channels : x.shape[3]! / channels,
    ...(pad === 'same' ? samePads([height, width], pair(dilations)) : pads(pad)),
  });
  values.setPlanar(node.outputs[0]!, activated(emitter, node, name, activation, leakyreluAlpha));
}

/** What the activation at the end of a kernel makes of `x`. */
export function activated(
  { graph, values }: Emitter,
  node: TracedNode,
  x: string,
  activation = 'linear',
  alpha = 0.2,
): string {
  const name = () => values.name(`${x}.${activation}`);
  switch (activation) {
    case 'linear':
      return x;
    case 'relu':
      return graph.node('Relu', [x], name());
    case 'relu6':
      return graph.node('Clip', [x, values.scalar(0), values.scalar(6)], name());
    case 'sigmoid':
      return graph.node('Sigmoid', [x], name());
    case 'elu':
      return graph.node('Elu', [x], name());
    case 'leakyrelu':
      return graph.node('LeakyRelu', [x], name(), { alpha: { float: alpha } });
    default:
      throw cannot(node, `ends with the activation ${activation}`);
  }
}

function transposedConv(emitter: Emitter, node: TracedNode, { strides, pad, inputShape }: Attributes): void {
  const { values } = emitter;
  const { dy, filter } = node.inputs as { dy: TracedValue; filter: TracedValue };
  const [height, width] = filter.shape as [number, number];
  const { padInfo } = tf.backend_util.computeConv2DInfo(inputShape, filter.shape as never, strides, 1, pad);
  const { top, bottom, left, right } = padInfo;
  const [down, across] = pair(strides) as [number, number];
  const output = (axis: number, stride: number, size: number, padding: number) =>
    node.outputs[0]!.shape[axis]! - (stride * (dy.shape[axis]! - 1) + size - padding);
  const inputs = [values.planar(dy), values.weight(filter, [3, 2, 0, 1])];
  const name = emitter.add(node, 'ConvTranspose', inputs, {
    kernel_shape: [height, width],
    strides: [down, across],
    pads: [top, left, bottom, right],
    output_padding: [output(1, down, height, top + bottom), output(2, across, width, left + right)],
  });
  values.setPlanar(node.outputs[0]!, name);
}

function batchNorm(emitter: Emitter, node: TracedNode, { varianceEpsilon }: Attributes): void {
  const { values } = emitter;
  const { x, scale, offset, mean, variance } = node.inputs;
  const vectors = [scale, offset, mean, variance];
  if (!vectors.every((vector) => vector?.shape.length === 1))
    throw cannot(node, 'needs a scale, an offset, a mean and a variance for each channel');
  const names = vectors.map((vector) => values.plain(vector!));
  const epsilon = { float: varianceEpsilon as number };
  const name = emitter.add(node, 'BatchNormalization', [values.planar(x!), ...names], { epsilon });
  values.setPlanar(node.outputs[0]!, name);
}

function resize(
  emitter: Emitter,
  node: TracedNode,
  { size, alignCorners, halfPixelCenters }: Attributes,
  mode: string,
): void {
  const { graph, values } = emitter;
  const { outputs } = node;
  if (values.isDynamic(outputs[0]!, 1) || values.isDynamic(outputs[0]!, 2))
    throw cannot(node, 'gives images whose size may be any');
  const x = values.planar(node.inputs.images!);
  const name = emitter.name(node);
  const shape = graph.node('Shape', [x], values.name(`${name}.shape`), { end: 2 });
  const wanted = values.integers(size as number[]);
  const sizes = graph.node('Concat', [shape, wanted], values.name(`${name}.sizes`), { axis: 0 });
  const nearest = alignCorners || halfPixelCenters ? 'round_prefer_ceil' : 'floor';
  graph.node('Resize', [x, '', '', sizes], name, {
    mode,
    coordinate_transformation_mode: alignCorners
      ? 'align_corners'
      : halfPixelCenters
        ? 'half_pixel'
        : 'asymmetric',
    ...(mode === 'nearest' && { nearest_mode: nearest }),
  });
  values.setPlanar(outputs[0]!, name);
}

function pair(size: number | readonly number[]): readonly number[] {
  return typeof size === 'number' ? [size, size] : size;
}

/** As {@link pads} of 'same': a dilated convolution has no stride, so that its padding does not depend on the image's size. */
function samePads(size: readonly number[], dilations: readonly number[]): Record<string, OnnxAttribute> {
  if (dilations.every((dilation) => dilation === 1)) return pads('same');
  const all = size.map((side, i) => (side - 1) * dilations[i]!);
  return { pads: [...all.map((sum) => Math.floor(sum / 2)), ...all.map((sum) => Math.ceil(sum / 2))] };
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
