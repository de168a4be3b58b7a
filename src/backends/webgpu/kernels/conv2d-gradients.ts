import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from '../backend.js';
import { fallback, isFilled, type Kernel, type Kernels } from '../kernel.js';
import { filterGradientSource } from '../wgsl/filter-gradient.js';
import { inputGradientDepth, inputGradientSource, phasesOf } from '../wgsl/input-gradient.js';
import { tileKey } from '../wgsl/tiles.js';
import { convolutionSizes, sizesKey } from './conv-info.js';
import { sumOfSlices } from './slices.js';

/** A slice of a sum has at least so many terms. */
const LEAST_TERMS = 256;
const MOST_SLICES = 64;

function inputGradient(
  backend: WebgpuBackend,
  dy: tf.TensorInfo,
  filter: tf.TensorInfo,
  attrs: tf.NamedAttrMap,
): tf.TensorInfo {
  const inputShape = attrs['inputShape'] as number[];
  const { sizes } = convolutionSizes(inputShape, filter.shape, attrs);
  const phases = phasesOf(sizes);
  const rows = inputShape[0]! * phases.rows * phases.columns;
  const columns = sizes.inChannels / sizes.groups;
  const count = phases.count * sizes.groups;
  const tile = backend.chooseTile({ rows, columns, depth: inputGradientDepth(sizes), count });
  const dx = backend.allocate(inputShape);
  const program = {
    key: `input gradient ${sizesKey(sizes)} ${tileKey(tile)}`,
    source: () => inputGradientSource(sizes, tile),
    workgroups: [Math.ceil(columns / tile.columns), Math.ceil(rows / tile.rows), count] as const,
  };
  backend.run(program, [dy, filter, dx]);
  return dx;
}

function filterGradient(
  backend: WebgpuBackend,
  x: tf.TensorInfo,
  dy: tf.TensorInfo,
  attrs: tf.NamedAttrMap,
): tf.TensorInfo {
  const filterShape = attrs['filterShape'] as [number, number, number, number];
  const { sizes } = convolutionSizes(x.shape, filterShape, attrs);
  const { groups, outChannels } = sizes;
  const columns = outChannels / groups;
  const rows = tf.util.sizeFromShape(filterShape) / outChannels;
  const pixels = tf.util.sizeFromShape(dy.shape) / outChannels;
  const tile = backend.chooseTile({
    rows,
    columns,
    depth: pixels,
    count: groups * Math.ceil(pixels / LEAST_TERMS),
  });
  const tiles = [Math.ceil(columns / tile.columns), Math.ceil(rows / tile.rows)] as const;
  const wanted = backend.processor.enoughWorkgroups / (tiles[0] * tiles[1] * groups);
  const slices = Math.ceil(Math.max(1, Math.min(wanted, pixels / LEAST_TERMS, MOST_SLICES)));
  const program = {
    key: `filter gradient ${sizesKey(sizes)} ${slices} ${tileKey(tile)}`,
    source: () => filterGradientSource(sizes, tile, slices),
    workgroups: [...tiles, groups * slices] as const,
  };
  return sumOfSlices(backend, filterShape, slices, (parts) => backend.run(program, [x, dy, parts]));
}

const backpropInput: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const [dy, filter] = [inputs['dy']!, inputs['filter']!];
  const isUsual = attrs['dataFormat'] !== 'NCHW' && isFilled(dy, filter) && backend.holdsFloats(dy, filter);
  const undilated = { ...attrs, dilations: 1 };
  return isUsual ? inputGradient(backend, dy, filter, undilated) : fallback('Conv2DBackpropInput', args);
};

const backpropFilter: Kernel = (args) => {
  const { inputs, backend, attrs } = args;
  const [x, dy] = [inputs['x']!, inputs['dy']!];
  const isUsual = attrs['dataFormat'] !== 'NCHW' && isFilled(x, dy) && backend.holdsFloats(x, dy);
  const undilated = { ...attrs, dilations: 1 };
  return isUsual ? filterGradient(backend, x, dy, undilated) : fallback('Conv2DBackpropFilter', args);
};

/** Gradients of convolutions. */
export const convolutionGradientKernels: Kernels = {
  Conv2DBackpropInput: backpropInput,
  Conv2DBackpropFilter: backpropFilter,
  GroupedConv2DBackpropInput: ({ inputs, backend, attrs }) =>
    inputGradient(backend, inputs['dy']!, inputs['filter']!, attrs),
  GroupedConv2DBackpropFilter: ({ inputs, backend, attrs }) =>
    filterGradient(backend, inputs['x']!, inputs['dy']!, attrs),
};
