import * as tf from '@tensorflow/tfjs-core';
import type { AnyModule, NamedVariable } from '../../src/core/module.js';
import { BatchNorm } from '../../src/layers/batch-norm.js';
import { Dense } from '../../src/layers/dense.js';
import { DepthwiseConv2D } from '../../src/layers/depthwise-conv2d.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { torchvision } from '../../src/weights/names/torchvision.js';
import { ruleValues } from './golden.js';

const leaves: Record<string, string> = { runningMean: 'running_mean', runningVariance: 'running_var' };

/** torchvision's key of a variable. */
export function torchKey(model: ImageClassifier, { name }: NamedVariable): string {
  const [, path, leaf] = /^(.*)\.(\w+)$/.exec(name)!;
  return `${torchvision.layerNames(model)(path!)}.${leaves[leaf!] ?? leaf}`;
}

/** The order of our axes that gives PyTorch's: HWIO → OIHW, (k, k, C, 1) → (C, 1, k, k), [in, out] → [out, in]. */
function torchAxes({ variable, owner }: NamedVariable): number[] | undefined {
  if (variable.rank === 4) return owner instanceof DepthwiseConv2D ? [2, 3, 0, 1] : [3, 2, 0, 1];
  return owner instanceof Dense && variable.rank === 2 ? [1, 0] : undefined;
}

/** A variable, or a gradient of its shape, in PyTorch's layout. */
export function torchValues(named: NamedVariable, values: tf.Tensor = named.variable): Float32Array {
  const axes = torchAxes(named);
  return tf.tidy(() => (axes ? tf.transpose(values, axes) : values).dataSync<'float32'>());
}

/** Fills a model by the rule of test/golden/rule.py on torchvision's names. */
export function fillByRule(model: ImageClassifier): void {
  fillModule(model, (named) => torchKey(model, named));
}

/** Fills a module by the rule of test/golden/rule.py on the names that `key` gives. */
export function fillModule(module: AnyModule, key: (named: NamedVariable) => string): void {
  for (const named of module.namedVariables()) {
    const { variable, owner } = named;
    const leaf = named.name.split('.').at(-1);
    const axes = torchAxes(named);
    const shape = axes ? axes.map((axis) => variable.shape[axis]!) : variable.shape;
    const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
    const value = (v: number) => {
      if (owner instanceof BatchNorm) {
        if (leaf === 'weight') return 1 + 0.2 * v;
        return leaf === 'runningVariance' ? 1 + 0.5 * v : 0.1 * v;
      }
      if (leaf === 'bias') return 0.1 * v;
      return v * Math.sqrt((variable.rank === 4 ? 6 : 3) / fanIn);
    };
    tf.tidy(() => {
      const torch = tf.tensor(Float32Array.from(ruleValues(key(named), variable.size), value), shape);
      const inverse = axes?.map((_, i) => axes.indexOf(i));
      variable.assign(inverse ? tf.transpose(torch, inverse) : torch);
    });
  }
}

/** The input of the rule, [n, size, size, 3]. */
export function ruleInput(n: number, size: number): tf.Tensor4D {
  return tf.tidy(() => {
    const values = Float32Array.from(ruleValues('input', n * 3 * size * size));
    return tf.transpose(tf.tensor4d(values, [n, 3, size, size]), [0, 2, 3, 1]);
  });
}
