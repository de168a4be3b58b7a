import * as tf from '@tensorflow/tfjs-core';
import { evaluation, type Context } from '../../src/core/context.js';
import type { AnyModule } from '../../src/core/module.js';
import { Random } from '../../src/core/random.js';
import { norm, readGolden, relativeDistance, ruleFloats } from './golden.js';
import { fillModule, torchValues } from './torch-model.js';

/** What PyTorch computes for one layer or block: a case of test/golden/layers.py. Tensors are in PyTorch's layout. */
export interface GoldenCase {
  name: string;
  layer: string;
  options: Record<string, unknown>;
  training: boolean;
  x: { shape: number[]; scale: number; shift: number };
  y: { shape: number[]; values: number[] };
  gradients: Record<string, number[]>;
  statistics: Record<string, number[]>;
}

/** The cases of a file that layers.py writes. */
export function readCases(file: 'layers.json' | 'blocks.json'): GoldenCase[] {
  return readGolden<{ cases: GoldenCase[] }>(file).cases;
}

/** The rule's values of a name in PyTorch's layout, as a tensor in ours. */
function ruleTensor(name: string, shape: number[], scale = 1, shift = 0): tf.Tensor {
  return tf.tidy(() => {
    const size = shape.reduce((a, b) => a * b, 1);
    const torch = tf.tensor(ruleFloats(name, size, scale, shift), shape);
    return shape.length === 4 ? tf.transpose(torch, [0, 2, 3, 1]) : torch;
  });
}

function inTorchLayout(x: tf.Tensor): tf.Tensor {
  return x.rank === 4 ? tf.transpose(x, [0, 3, 1, 2]) : x;
}

/**
 * Fills the module by the rule and checks its output, all gradients and its statistics after against PyTorch's: the
 * largest error is below 1e-5 of the values' root mean square (of 0.25, where that is less: a gradient that is zero
 * but for rounding). Frees the module, and checks that forward and backward left nothing else.
 */
export function expectAsPyTorch(module: AnyModule, golden: GoldenCase): void {
  fillModule(module, ({ name }) => name);
  const { shape, scale, shift } = golden.x;
  const context: Context = golden.training ? { training: true, random: new Random(0) } : evaluation;
  const x = ruleTensor('x', shape, scale, shift);
  const dy = ruleTensor('dy', golden.y.shape);
  const named = [...module.namedVariables()];
  const parameters = named.filter(({ variable }) => variable.trainable);

  const before = tf.memory().numTensors;
  const { value, grads } = tf.valueAndGrads((x: tf.Tensor) => module.forward(x, context))(
    [x, ...parameters.map(({ variable }) => variable)],
    dy,
  );
  expect(tf.memory().numTensors - before).toBe(1 + grads.length);

  const distances: [string, number][] = [];
  const compare = (name: string, actual: Float32Array, expected: number[]) => {
    const rootMeanSquare = norm(expected) / Math.sqrt(expected.length);
    distances.push([name, relativeDistance(actual, expected, Math.max(rootMeanSquare, 0.25))]);
  };
  tf.tidy(() => {
    const y = inTorchLayout(value);
    expect(y.shape).toEqual(golden.y.shape);
    compare('y', y.dataSync<'float32'>(), golden.y.values);
    compare('gradient of x', inTorchLayout(grads[0]!).dataSync<'float32'>(), golden.gradients.x!);
  });
  expect([...parameters.map(({ name }) => name), 'x'].sort()).toEqual(Object.keys(golden.gradients).sort());
  parameters.forEach((parameter, i) => {
    const actual = torchValues(parameter, grads[i + 1]);
    compare(`gradient of ${parameter.name}`, actual, golden.gradients[parameter.name]!);
  });
  for (const statistic of named.filter(({ variable }) => !variable.trainable)) {
    compare(statistic.name, torchValues(statistic), golden.statistics[statistic.name]!);
  }

  const beforeForward = tf.memory().numTensors;
  const again = module.forward(x, context);
  expect(tf.memory().numTensors - beforeForward).toBe(1);

  tf.dispose([x, dy, value, grads, again]);
  module.dispose();
  expect(tf.memory().numTensors).toBe(0);
  expect(distances.filter(([, distance]) => !(distance < 1e-5))).toEqual([]);
}
