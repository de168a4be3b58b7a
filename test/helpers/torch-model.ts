import * as tf from '@tensorflow/tfjs-core';
import type { AnyModule, NamedVariable } from '../../src/core/module.js';
import { BatchNorm } from '../../src/layers/batch-norm.js';
import { Dense } from '../../src/layers/dense.js';
import { DepthwiseConv2D } from '../../src/layers/depthwise-conv2d.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import type { NameMap } from '../../src/weights/names/name-map.js';
import { torchvision } from '../../src/weights/names/torchvision.js';
import { ruleValues } from './golden.js';

const leaves: Record<string, string> = { runningMean: 'running_mean', runningVariance: 'running_var' };

/** PyTorch's key of a variable, by default torchvision's. */
export function torchKey(
  model: ImageClassifier,
  { name }: NamedVariable,
  map: NameMap = torchvision,
): string {
  const [, path, leaf] = /^(.*)\.(\w+)$/.exec(name)!;
  return `${map.layerNames(model.architecture)(path!)}.${leaves[leaf!] ?? leaf}`;
}

/** The order of our axes that gives PyTorch's: HWIO → OIHW, (k, k, C, 1) → (C, 1, k, k), [in, out] → [out, in]. */
function torchAxes({ variable, owner }: NamedVariable): number[] | undefined {
  if (variable.rank === 4) return owner instanceof DepthwiseConv2D ? [2, 3, 0, 1] : [3, 2, 0, 1];
  return owner instanceof Dense && variable.rank === 2 ? [1, 0] : undefined;
}

/** The axes in another order, as tf.transpose, which takes a microsecond a value on the cpu backend. */
function transpose(values: Float32Array, shape: readonly number[], axes: readonly number[]): Float32Array {
  const strides = shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const sizes = axes.map((axis) => shape[axis]!);
  const steps = axes.map((axis) => strides[axis]!);
  const out = new Float32Array(values.length);
  const position = sizes.map(() => 0);
  let from = 0;
  for (let to = 0; to < out.length; to++) {
    out[to] = values[from]!;
    for (let i = sizes.length - 1; i >= 0; i--) {
      from += steps[i]!;
      if (++position[i]! < sizes[i]!) break;
      from -= steps[i]! * sizes[i]!;
      position[i] = 0;
    }
  }
  return out;
}

/** A variable, or a gradient of its shape, in PyTorch's layout. */
export function torchValues(named: NamedVariable, tensor: tf.Tensor = named.variable): Float32Array {
  const axes = torchAxes(named);
  const values = tensor.dataSync<'float32'>();
  return axes ? transpose(values, tensor.shape, axes) : values;
}

/** Fills a model by the rule of test/golden/rule.py on the names of PyTorch, by default torchvision's. */
export function fillByRule(model: ImageClassifier, map: NameMap = torchvision): void {
  fillModule(model, (named) => torchKey(model, named, map));
}

/**
 * Fills a module by the rule of test/golden/rule.py on the names that `key` gives.
 * @param layout - Whose order of axes the rule's values are in.
 */
export function fillModule(
  module: AnyModule,
  key: (named: NamedVariable) => string,
  layout: 'torch' | 'ours' = 'torch',
): void {
  for (const named of module.namedVariables()) {
    const { variable } = named;
    const values = scaledByRule(named, ruleValues(key(named), variable.size));
    const axes = layout === 'torch' ? torchAxes(named) : undefined;
    const shape = axes?.map((axis) => variable.shape[axis]!);
    const inverse = axes?.map((_, i) => axes.indexOf(i));
    const ours = shape && inverse ? transpose(values, shape, inverse) : values;
    tf.tidy(() => variable.assign(tf.tensor(ours, variable.shape)));
  }
}

/**
 * Fills a module with values as large as the rule's, all from one list that is taken round and round: much faster, where
 * nobody else computes the same values.
 */
export function fillFast(module: AnyModule): void {
  // As many as a prime: layers, whose sizes are round, begin at different places of it.
  const list = ruleValues('list', 1_000_003);
  let place = 0;
  for (const named of module.namedVariables()) {
    const { variable } = named;
    const values = new Float64Array(variable.size);
    for (let at = 0; at < values.length;) {
      const part = list.subarray(place, place + values.length - at);
      values.set(part, at);
      at += part.length;
      place = (place + part.length) % list.length;
    }
    tf.tidy(() => variable.assign(tf.tensor(scaledByRule(named, values), variable.shape)));
  }
}

/** From [-1, 1) to what a variable of this kind holds. */
function scaledByRule({ name, variable, owner }: NamedVariable, values: Float64Array): Float32Array {
  const leaf = name.split('.').at(-1)!;
  const scaled = (scale: number, shift = 0) => new Float32Array(values.map((v) => shift + scale * v));
  if (owner instanceof BatchNorm && leaf === 'weight') return scaled(0.2, 1);
  if (leaf === 'runningVariance') return scaled(0.5, 1);
  if (leaf === 'runningMean' || leaf === 'bias') return scaled(0.1);
  const outputs = owner instanceof DepthwiseConv2D ? variable.shape[2]! : variable.shape.at(-1)!;
  const fanIn = variable.size / outputs;
  return scaled(Math.sqrt((variable.rank === 4 ? 6 : 3) / fanIn));
}

/** The input of the rule, [n, size, size, 3]. */
export function ruleInput(n: number, size: number): tf.Tensor4D {
  return tf.tidy(() => {
    const values = Float32Array.from(ruleValues('input', n * 3 * size * size));
    return tf.transpose(tf.tensor4d(values, [n, 3, size, size]), [0, 2, 3, 1]);
  });
}
