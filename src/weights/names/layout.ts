import type * as tf from '@tensorflow/tfjs-core';
import type { NamedVariable } from '../../core/module.js';
import { BatchNorm } from '../../layers/batch-norm.js';
import { Dense } from '../../layers/dense.js';
import { DepthwiseConv2D } from '../../layers/depthwise-conv2d.js';

/** How a framework names the variables of one layer, and in which order of axes it keeps them. */
export interface Layout {
  /** The key of a variable, of the layer's name and the variable's field in our module. */
  readonly key: (layer: string, field: string, owner: object) => string;
  /** The order of the framework's axes that gives ours; undefined where they are the same. */
  readonly axes: (variable: tf.Variable, owner: object) => readonly number[] | undefined;
}

const torchLeaves: Record<string, string> = { runningMean: 'running_mean', runningVariance: 'running_var' };

/** PyTorch's: OIHW → HWIO, depthwise (C, 1, k, k) → (k, k, C, 1), [out, in] → [in, out]. */
export const torchLayout: Layout = {
  key: (layer, field) => `${layer}.${torchLeaves[field] ?? field}`,
  axes: (variable, owner) => {
    if (variable.rank === 4) return owner instanceof DepthwiseConv2D ? [2, 3, 0, 1] : [2, 3, 1, 0];
    return owner instanceof Dense && variable.rank === 2 ? [1, 0] : undefined;
  },
};

const kerasNormLeaves: Record<string, string> = {
  weight: 'gamma',
  bias: 'beta',
  runningMean: 'moving_mean',
  runningVariance: 'moving_variance',
};

/** Keras's: a variable's path is its key, and its axes are ours. */
export const kerasLayout: Layout = {
  key: (layer, field, owner) => {
    if (owner instanceof BatchNorm) return `${layer}/${kerasNormLeaves[field]}`;
    return `${layer}/${field === 'weight' ? 'kernel' : field}`;
  },
  axes: () => undefined,
};

/** A variable of a model with its place in the checkpoints of a source. */
export interface KeyedVariable extends NamedVariable {
  readonly key: string;
  /** The order of the source's axes that gives ours; undefined where they are the same. */
  readonly axes: readonly number[] | undefined;
  /** In the source's order of axes. */
  readonly sourceShape: readonly number[];
}

/** A variable's place, its layer being called so. */
export function keyed(named: NamedVariable, layer: string, layout: Layout): KeyedVariable {
  const { name, variable, owner } = named;
  const axes = layout.axes(variable, owner);
  const sourceShape = axes ? axes.map((_, i) => variable.shape[axes.indexOf(i)]!) : variable.shape;
  const field = name.slice(name.lastIndexOf('.') + 1);
  return { ...named, key: layout.key(layer, field, owner), axes, sourceShape };
}
