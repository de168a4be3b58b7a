import * as tf from '@tensorflow/tfjs-core';
import { Module, type NamedVariable } from '../../../src/core/module.js';
import { parameter, statistic } from '../../../src/core/variables.js';
import { Adam, adamW, AdamW, lamb, LAMB } from '../../../src/training/optim/adam.js';
import { clipByGlobalNorm } from '../../../src/training/optim/gradients.js';
import type { Optimizer } from '../../../src/training/optim/optimizer.js';
import type { NamedParameter, UpdateRule, Variables } from '../../../src/training/optim/rule.js';
import { rmsProp, RMSProp } from '../../../src/training/optim/rmsprop.js';
import { sgd, SGD } from '../../../src/training/optim/sgd.js';
import { readGolden, relativeDistance, ruleFloats } from '../../helpers/golden.js';

const golden = readGolden<{
  optimizers: Record<string, Record<string, Record<'kernel' | 'bias', number[]>>>;
  clipping: Record<string, { norm: number; gradients: number[][] }>;
}>('training.json');

const LEARNING_RATE = 0.01;
const shapes = { kernel: [2, 2, 3, 4], bias: [4] };

function ruleArray(name: string, shape: number[]): Float32Array {
  return ruleFloats(name, tf.util.sizeFromShape(shape));
}

/** The parameters of training.py, and a statistic that no optimizer may touch. */
class Parameters extends Module {
  readonly kernel = parameter(ruleArray('kernel', shapes.kernel), shapes.kernel as never);
  readonly mean = statistic(new Float32Array(4), [4]);
  readonly bias = parameter(ruleArray('bias', shapes.bias), shapes.bias as never);

  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return x;
  }
}

function stepAsInGolden(optimizer: Optimizer, step: number): void {
  const gradients = Object.entries(shapes).map(([name, shape]) =>
    tf.tensor(ruleArray(`${name}.${step}`, shape), shape),
  );
  optimizer.step(gradients, LEARNING_RATE);
  tf.dispose(gradients);
}

const cases: Record<string, (parameters: Iterable<NamedVariable>) => Optimizer> = {
  SGD: (p) => new SGD(p),
  'SGD, momentum': (p) => new SGD(p, { momentum: 0.9, weightDecay: 0.1 }),
  'SGD, Nesterov': (p) => new SGD(p, { momentum: 0.9, nesterov: true, weightDecay: 0.1 }),
  RMSProp: (p) => new RMSProp(p, { weightDecay: 0.1 }),
  'RMSProp, decoupled': (p) => new RMSProp(p, { rho: 0.95, momentum: 0, weightDecay: 0.1, decoupled: true }),
  Adam: (p) => new Adam(p, { weightDecay: 0.1 }),
  AdamW: (p) => new AdamW(p, { beta1: 0.8, beta2: 0.95, weightDecay: 0.1 }),
  LAMB: (p) => new LAMB(p, { weightDecay: 0.1 }),
};

test('every optimizer that PyTorch ran is tested', () => {
  expect(Object.keys(cases)).toEqual(Object.keys(golden.optimizers));
});

describe.each(Object.entries(cases))('%s', (name, make) => {
  test('goes the way of PyTorch over 20 steps, and leaves no tensor', () => {
    const before = tf.memory().numTensors;
    const module = new Parameters();
    const optimizer = make(module.namedVariables());
    const held = tf.memory().numTensors;
    const distances: number[] = [];
    for (let step = 1; step <= 20; step++) {
      stepAsInGolden(optimizer, step);
      const expected = golden.optimizers[name]![step];
      if (!expected) continue;
      distances.push(relativeDistance(module.kernel.dataSync(), expected.kernel));
      distances.push(relativeDistance(module.bias.dataSync(), expected.bias));
    }
    expect(distances).toHaveLength(6);
    expect(Math.max(...distances)).toBeLessThan(1e-5);
    expect(module.mean.dataSync()).toEqual(new Float32Array(4));
    expect(optimizer.iterations).toBe(20);
    expect(tf.memory().numTensors).toBe(held);
    optimizer.dispose();
    module.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  test('continues from its state bit for bit', () => {
    const [whole, first, second] = [new Parameters(), new Parameters(), new Parameters()];
    const optimizers = [whole, first, second].map((module) => make(module.namedVariables()));
    const [a, b, c] = optimizers as [Optimizer, Optimizer, Optimizer];
    for (let step = 1; step <= 4; step++) stepAsInGolden(a, step);
    for (let step = 1; step <= 2; step++) stepAsInGolden(b, step);
    const state = new Map(b.namedState());
    for (const [key, variable] of c.namedState()) variable.assign(state.get(key)!);
    c.iterations = b.iterations;
    second.variables().forEach((variable, i) => variable.assign(first.variables()[i]!));
    for (let step = 3; step <= 4; step++) stepAsInGolden(c, step);
    expect(second.variables().map((v) => v.dataSync())).toEqual(whole.variables().map((v) => v.dataSync()));
    for (const each of [...optimizers, whole, first, second]) each.dispose();
  });
});

test('state is named by paths', () => {
  const module = new Parameters();
  const optimizer = new Adam(module.namedVariables());
  expect(Array.from(optimizer.namedState(), ([name]) => name)).toEqual([
    'kernel.mean',
    'kernel.meanSquare',
    'bias.mean',
    'bias.meanSquare',
  ]);
  optimizer.dispose();
  module.dispose();
});

test('which parameters decay can be chosen', () => {
  const module = new Parameters();
  const decays = ({ name }: NamedParameter) => name === 'bias';
  const optimizer = new SGD(module.namedVariables(), { weightDecay: 0.5, decoupled: true, decays });
  const gradients = [tf.zeros(shapes.kernel), tf.zeros(shapes.bias)];
  optimizer.step(gradients, 1);
  expect(module.kernel.dataSync()).toEqual(ruleArray('kernel', shapes.kernel));
  expect(module.bias.dataSync()).toEqual(ruleArray('bias', shapes.bias).map((v) => v / 2));
  tf.dispose(gradients);
  optimizer.dispose();
  module.dispose();
});

test('the learning rate can be scaled by parameter', () => {
  const [module, plain] = [new Parameters(), new Parameters()];
  const rateScale = ({ name }: NamedParameter) => (name === 'bias' ? 0.5 : 1);
  const optimizer = new AdamW(module.namedVariables(), { weightDecay: 0.1, rateScale });
  const half = new AdamW(plain.namedVariables(), { weightDecay: 0.1 });
  const gradients = [tf.ones(shapes.kernel), tf.ones(shapes.bias)];
  optimizer.step(gradients, 0.1);
  half.step(gradients, 0.05);
  expect(module.bias.dataSync()).toEqual(plain.bias.dataSync());
  expect(module.kernel.dataSync()).not.toEqual(plain.kernel.dataSync());
  tf.dispose(gradients);
  for (const each of [optimizer, half, module, plain]) each.dispose();
});

test('LAMB moves a parameter of zeros', () => {
  const module = new Parameters();
  tf.tidy(() => module.kernel.assign(tf.zeros(shapes.kernel)));
  const optimizer = new LAMB(module.namedVariables(), { weightDecay: 0.1 });
  stepAsInGolden(optimizer, 1);
  const moved = module.kernel.dataSync<'float32'>();
  expect(moved.every((v) => Math.abs(Math.abs(v) - LEARNING_RATE) < 1e-3 * LEARNING_RATE)).toBe(true);
  optimizer.dispose();
  module.dispose();
});

test.each(Object.entries(golden.clipping))(
  'gradients are clipped to a norm of %s as in PyTorch',
  (limit, expected) => {
    const before = tf.memory().numTensors;
    const all = Object.entries(shapes).map(([name, shape]) =>
      tf.tensor(ruleArray(`${name}.1`, shape), shape),
    );
    const { gradients, norm } = clipByGlobalNorm(all, Number(limit));
    expect(tf.memory().numTensors).toBe(before + 5);
    expect(norm.dataSync()[0]! / expected.norm).toBeCloseTo(1, 6);
    gradients.forEach((gradient, i) =>
      expect(relativeDistance(gradient.dataSync(), expected.gradients[i]!)).toBeLessThan(1e-5),
    );
    tf.dispose([all, gradients, norm]);
  },
);

test('options out of range are refused', () => {
  expect(() => new SGD([], { momentum: 1 })).toThrow(
    'momentum is 1; give a number of at least 0 and below 1.',
  );
  expect(() => new SGD([], { nesterov: true })).toThrow('nesterov takes momentum');
  expect(() => new SGD([], { weightDecay: -1 })).toThrow('weightDecay is -1');
  expect(() => new Adam([], { beta2: 1 })).toThrow('beta2 is 1');
  expect(() => new RMSProp([], { epsilon: NaN })).toThrow('epsilon is NaN');
  expect(() => new SGD([]).step([tf.scalar(0)], 1)).toThrow('There are 1 gradients for 0 parameters');
  expect(() => new SGD([]).step([], -1)).toThrow('learningRate is -1');
  expect(() => clipByGlobalNorm([], 0)).toThrow('maxNorm is 0');
});

describe('a rule is two functions of plain records', () => {
  test.each<[string, () => UpdateRule, (p: Iterable<NamedVariable>) => Optimizer]>([
    ['sgd', () => sgd({ momentum: 0.9 }), (p) => new SGD(p, { momentum: 0.9 })],
    ['adamW', () => adamW({ weightDecay: 0.1 }), (p) => new AdamW(p, { weightDecay: 0.1 })],
    ['rmsProp', () => rmsProp(), (p) => new RMSProp(p)],
    ['lamb', () => lamb({ weightDecay: 0.1 }), (p) => new LAMB(p, { weightDecay: 0.1 })],
  ])('%s goes the way of its class', (_, make, makeClass) => {
    const before = tf.memory().numTensors;
    const [module, other] = [new Parameters(), new Parameters()];
    const rule = make();
    const variables = { kernel: module.kernel, bias: module.bias } as Variables;
    const state = rule.init(variables);
    const optimizer = makeClass(other.namedVariables());
    for (let step = 1; step <= 3; step++) {
      tf.tidy(() => {
        const gradients = Object.fromEntries(
          Object.entries(shapes).map(([name, shape]) => [
            name,
            tf.tensor(ruleArray(`${name}.${step}`, shape), shape),
          ]),
        );
        rule.update(variables, gradients, state, LEARNING_RATE);
        optimizer.step(gradients, LEARNING_RATE);
      });
    }
    expect(state.iterations).toBe(3);
    expect(module.variables().map((v) => v.dataSync())).toEqual(other.variables().map((v) => v.dataSync()));
    expect(Object.keys(state.slots)).toEqual(['kernel', 'bias']);
    tf.dispose([state.slots as unknown as tf.TensorContainer]);
    for (const each of [optimizer, module, other]) each.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('variables without a module are taken too, each once, and those that are not trainable left out', () => {
  const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
  const fixed = tf.tidy(() => tf.variable(tf.tensor1d([1, 2]), false));
  const optimizer = new SGD([variable, fixed, variable]);
  expect(optimizer.parameters).toEqual([{ name: variable.name, variable }]);
  tf.tidy(() => optimizer.step([tf.tensor1d([1, 1])], 1));
  expect([...variable.dataSync()]).toEqual([0, 1]);
  optimizer.dispose();
  tf.dispose([variable, fixed]);
});

test('a missing or wrong gradient and two parameters of one name are refused', () => {
  const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
  const other = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
  const rule = sgd();
  const state = rule.init({ weight: variable });
  expect(() => rule.update({ weight: variable }, {}, state, 1)).toThrow(
    'The gradient of weight is missing; give one of [2].',
  );
  tf.tidy(() => {
    expect(() => rule.update({ weight: variable }, { weight: tf.zeros([3]) }, state, 1)).toThrow(
      'The gradient of weight is [3]; give one of [2].',
    );
    expect(() => rule.update({ bias: variable }, { bias: tf.zeros([2]) }, state, 1)).toThrow(
      'The state has nothing of bias; make a state of the same variables by init.',
    );
  });
  const twice = [variable, other].map((variable) => ({ name: 'weight', variable }));
  expect(() => new SGD(twice)).toThrow("Two parameters are called 'weight'");
  tf.dispose([variable, other]);
});
