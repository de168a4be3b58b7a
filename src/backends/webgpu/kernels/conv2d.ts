import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from '../backend.js';
import { fallback, isFilled, type Kernel, type Kernels } from '../kernel.js';
import { isActivation } from '../wgsl/buffers.js';
import { convolutionSource, type Epilogue } from '../wgsl/convolution.js';
import { tileKey } from '../wgsl/tiles.js';
import { convolutionSizes, sizesKey } from './conv-info.js';

/** What a convolution adds. */
interface Added {
  readonly bias?: tf.TensorInfo | undefined;
  readonly residual?: tf.TensorInfo | undefined;
}

/** activation(conv(x, filter) + bias + residual). */
function convolution(
  backend: WebgpuBackend,
  x: tf.TensorInfo,
  filter: tf.TensorInfo,
  attrs: tf.NamedAttrMap,
  { bias, residual }: Added,
  activation: string,
): tf.TensorInfo {
  const { sizes, outShape } = convolutionSizes(x.shape, filter.shape, attrs);
  const y = backend.allocate(outShape);
  if (!isFilled(y)) return y;
  const { groups, outChannels } = sizes;
  const columns = outChannels / groups;
  const rows = tf.util.sizeFromShape(outShape) / outChannels;
  const depth = tf.util.sizeFromShape(filter.shape) / outChannels;
  const tile = backend.chooseTile({ rows, columns, depth, count: groups });
  const epilogue: Epilogue = { bias: bias !== undefined, residual: residual !== undefined, activation };
  const tensors = [x, filter, bias, residual, y].filter((tensor) => tensor !== undefined);
  const program = {
    key: `convolution ${sizesKey(sizes)} ${Object.values(epilogue)} ${tileKey(tile)}`,
    source: () => convolutionSource(sizes, tile, epilogue),
    workgroups: [Math.ceil(columns / tile.columns), Math.ceil(rows / tile.rows), groups] as const,
  };
  backend.run(program, tensors);
  return y;
}

const conv2D: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const [x, filter] = [inputs['x']!, inputs['filter']!];
  const isUsual = attrs['dataFormat'] !== 'NCHW' && backend.holdsFloats(x, filter) && isFilled(x, filter);
  return isUsual ? convolution(backend, x, filter, attrs, {}, 'linear') : fallback('Conv2D', args);
};

const fusedConv2D: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const { x, filter, bias, residual } = inputs as Record<string, tf.TensorInfo | undefined>;
  const activation = attrs['activation'] as string;
  const tensors = [x, filter, bias, residual].filter((tensor) => tensor !== undefined);
  const biasFits = !bias || tf.util.sizeFromShape(bias.shape) === filter!.shape[3];
  const isUsual = attrs['dataFormat'] !== 'NCHW' && backend.holdsFloats(...tensors) && isFilled(x!, filter!);
  if (isUsual && biasFits && isActivation(activation))
    return convolution(backend, x!, filter!, attrs, { bias, residual }, activation);
  if (residual) throw new Error(`webgpu: no convolution of activation '${activation}' adds a residual.`);
  return fallback('FusedConv2D', args);
};

const groupedConv2D: Kernel = ({ inputs, backend, attrs }) => {
  const { x, filter, bias, residual } = inputs as Record<string, tf.TensorInfo>;
  return convolution(
    backend,
    x!,
    filter!,
    attrs,
    { bias, residual },
    (attrs['activation'] as string | undefined) ?? 'linear',
  );
};

/** Convolutions forward. */
export const convolutionKernels: Kernels = {
  Conv2D: conv2D,
  FusedConv2D: fusedConv2D,
  FusedConv2DResidual: fusedConv2D,
  GroupedConv2D: groupedConv2D,
};
