import * as tf from '@tensorflow/tfjs-core';
import { WEBGPU } from '../../../src/backends/webgpu/index.js';
import type { NamedVariable } from '../../../src/core/module.js';
import { Adam, AdamW } from '../../../src/training/optim/adam.js';
import { clipByGlobalNorm, globalNorm, scaledSums } from '../../../src/training/optim/gradients.js';
import { MovingAverage } from '../../../src/training/optim/moving-average.js';
import type { Optimizer } from '../../../src/training/optim/optimizer.js';
import { RMSProp } from '../../../src/training/optim/rmsprop.js';
import { SGD } from '../../../src/training/optim/sgd.js';
import { countedOnWebgpu, describeOnWebgpu } from '../../helpers/webgpu.js';
import { parametersOf, uniform } from '../parameters.js';

/** Sizes around those of what tensors of one buffer start at. */
const sizes = [1, 63, 64, 65, 300, 1027];

/** Three steps, and parameters and state after them, on a backend. */
async function afterSteps(backend: string, make: (parameters: NamedVariable[]) => Optimizer) {
  await tf.setBackend(backend);
  const before = tf.memory();
  const named = parametersOf(sizes);
  const optimizer = make(named);
  const average = new MovingAverage(named, { decay: 0.9 });
  for (let step = 0; step < 3; step++) {
    tf.tidy(() => {
      const gradients = sizes.map((size, i) => uniform(size, 100 * (step + 1) + i));
      optimizer.step(gradients, 0.1);
    });
    average.update();
    // What was read is not what is read after the next step.
    await named[2]!.variable.data();
  }
  const state = [...optimizer.namedState(), ...average.namedState()].map(([, variable]) => variable);
  const all = [...named.map(({ variable }) => variable), ...state];
  const values = await Promise.all(all.map(async (variable) => Array.from(await variable.data())));
  optimizer.dispose();
  average.dispose();
  for (const { variable } of named) variable.dispose();
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numDataBuffers).toBe(before.numDataBuffers);
  return values.flat();
}

const decays = () => true;

describeOnWebgpu('optimizers on webgpu', () => {
  test.each<[string, (parameters: NamedVariable[]) => Optimizer]>([
    ['SGD', (p) => new SGD(p)],
    ['SGD, momentum', (p) => new SGD(p, { momentum: 0.9, weightDecay: 0.1, decays })],
    ['SGD, Nesterov', (p) => new SGD(p, { momentum: 0.9, nesterov: true, weightDecay: 0.1, decays })],
    [
      'Adam',
      (p) =>
        new Adam(p, { weightDecay: 0.1, decays, rateScale: ({ name }) => (name.endsWith('1') ? 0.5 : 1) }),
    ],
    ['AdamW', (p) => new AdamW(p, { weightDecay: 0.1, decays })],
    ['RMSProp', (p) => new RMSProp(p, { weightDecay: 0.1, decays })],
    [
      'RMSProp, no momentum',
      (p) => new RMSProp(p, { momentum: 0, weightDecay: 0.1, decays, decoupled: true }),
    ],
  ])('%s is near its composition on cpu', async (_, make) => {
    const expected = await afterSteps('cpu', make);
    const actual = await afterSteps(WEBGPU, make);
    const far = expected.findIndex(
      (value, i) => !(Math.abs(value - actual[i]!) <= 2e-6 * Math.max(1, Math.abs(value))),
    );
    expect(far).toBe(-1);
  });

  test('one dispatch changes all variables', async () => {
    await tf.setBackend(WEBGPU);
    const named = parametersOf(sizes);
    const optimizer = new SGD(named, { momentum: 0.9 });
    const step = () => {
      const gradients = sizes.map((size, i) => uniform(size, i));
      optimizer.step(gradients, 0.1);
      tf.dispose(gradients);
    };
    step();
    await named[0]!.variable.data();
    expect((await countedOnWebgpu(async () => step())).dispatches).toBe(1);
    optimizer.dispose();
    for (const { variable } of named) variable.dispose();
  });

  test('the global norm and sums of many tensors', async () => {
    await tf.setBackend(WEBGPU);
    const tensors = sizes.map((size, i) => uniform(size, i));
    const others = sizes.map((size, i) => uniform(size, 100 + i));
    const values = await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
    const expected = Math.hypot(...values.flatMap((each) => Array.from(each)));
    expect((await countedOnWebgpu(async () => tf.tidy(() => void globalNorm(tensors)))).dispatches).toBe(2);
    const { gradients, norm } = clipByGlobalNorm(tensors, 1);
    expect((await norm.data())[0]! / expected).toBeCloseTo(1, 6);
    const sums = scaledSums(tensors, 0.25, others);
    for (const [i, sum] of sums.entries()) {
      const [actual, clipped, other] = await Promise.all([
        sum.data(),
        gradients[i]!.data(),
        others[i]!.data(),
      ]);
      const from = values[i]!;
      expect(actual.findIndex((v, j) => !(Math.abs(v - other[j]! - from[j]! * 0.25) <= 1e-7))).toBe(-1);
      expect(clipped.findIndex((v, j) => !(Math.abs(v - from[j]! / (expected + 1e-6)) <= 1e-8))).toBe(-1);
    }
    tf.dispose([tensors, others, gradients, norm, sums]);
  });
});
