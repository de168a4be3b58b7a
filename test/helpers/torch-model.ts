import * as tf from '@tensorflow/tfjs-core';
import type { AnyModule, NamedVariable } from '../../src/core/module.js';
import { BatchNorm } from '../../src/layers/batch-norm.js';
import { Dense } from '../../src/layers/dense.js';
import { DepthwiseConv2D } from '../../src/layers/depthwise-conv2d.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import type { NameMap } from '../../src/weights/names/name-map.js';
import { torchvision } from '../../src/weights/names/torchvision.js';
import { ruleFloats, ruleValues, spreadIndices } from './golden.js';

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
  const [n0, n1, n2, n3] = fromTheEnd(
    1,
    axes.map((axis) => shape[axis]!),
  );
  const [s0, s1, s2, s3] = fromTheEnd(
    0,
    axes.map((axis) => strides(shape)[axis]!),
  );
  const out = new Float32Array(values.length);
  let to = 0;
  for (let i = 0; i < n0; i++) {
    for (let j = 0; j < n1; j++) {
      for (let k = 0; k < n2; k++) {
        let from = i * s0 + j * s1 + k * s2;
        for (let l = 0; l < n3; l++, from += s3) out[to++] = values[from]!;
      }
    }
  }
  return out;
}

function strides(shape: readonly number[]): number[] {
  return shape.map((_, i) => shape.slice(i + 1).reduce((a, b) => a * b, 1));
}

/** Four numbers that end in these. */
function fromTheEnd(fill: number, numbers: readonly number[]) {
  return [...Array<number>(4 - numbers.length).fill(fill), ...numbers] as [number, number, number, number];
}

/** A variable, or a gradient of its shape, in PyTorch's layout. */
export function torchValues(named: NamedVariable, tensor: tf.Tensor = named.variable): Float32Array {
  const axes = torchAxes(named);
  const values = tensor.dataSync<'float32'>();
  return axes ? transpose(values, tensor.shape, axes) : values;
}

/** What `spread` gives of {@link torchValues}, without a change of every value's place. */
export function torchSpread(named: NamedVariable, tensor: tf.Tensor, count: number): number[] {
  const values = tensor.dataSync<'float32'>();
  const axes = torchAxes(named) ?? tensor.shape.map((_, axis) => axis);
  const steps = strides(axes.map((axis) => tensor.shape[axis]!));
  const oursSteps = axes.map((axis) => strides(tensor.shape)[axis]!);
  return spreadIndices(values.length, count).map((index) => {
    const places = steps.map((step, i) => Math.floor((i === 0 ? index : index % steps[i - 1]!) / step));
    return values[places.reduce((at, place, i) => at + place * oursSteps[i]!, 0)]!;
  });
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
    const values = ruleFloats(key(named), variable.size, ...ruleScale(named));
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
    const [scale, shift] = ruleScale(named);
    const values = new Float32Array(variable.size);
    for (let i = 0; i < values.length; i++) {
      values[i] = shift + scale * list[place]!;
      if (++place === list.length) place = 0;
    }
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
}

/** What the rule's values are multiplied by for a variable of this kind, and what is added then. */
function ruleScale({ name, variable, owner }: NamedVariable): [scale: number, shift: number] {
  const leaf = name.split('.').at(-1)!;
  if (owner instanceof BatchNorm && leaf === 'weight') return [0.2, 1];
  if (leaf === 'runningVariance') return [0.5, 1];
  if (leaf === 'runningMean' || leaf === 'bias') return [0.1, 0];
  const outputs = owner instanceof DepthwiseConv2D ? variable.shape[2]! : variable.shape.at(-1)!;
  const fanIn = variable.size / outputs;
  return [Math.sqrt((variable.rank === 4 ? 6 : 3) / fanIn), 0];
}

/** The input of the rule, [n, size, size, 3]. */
export function ruleInput(n: number, size: number): tf.Tensor4D {
  return tf.tidy(() => {
    const values = ruleFloats('input', n * 3 * size * size);
    return tf.transpose(tf.tensor4d(values, [n, 3, size, size]), [0, 2, 3, 1]);
  });
}
