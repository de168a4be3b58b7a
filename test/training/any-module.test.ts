import * as tf from '@tensorflow/tfjs-core';
import { evaluation, type Context } from '../../src/core/context.js';
import { Module } from '../../src/core/module.js';
import { parameter } from '../../src/core/variables.js';
import { evaluate } from '../../src/training/evaluate.js';
import type { TensorData } from '../../src/training/data/tensor-batches.js';
import { accuracy } from '../../src/training/measure.js';
import { constantSchedule } from '../../src/training/optim/schedules.js';
import { SGD } from '../../src/training/optim/sgd.js';
import { train, type TrainOptions } from '../../src/training/train.js';
import {
  fillForked,
  forkedBatch,
  forkedBatches,
  forkedLoss,
  ForkedNet,
  type ForkedInput,
  type ForkedOutput,
  type ForkedTarget,
} from '../helpers/forked-net.js';
import { norm, readGolden, relativeDistance } from '../helpers/golden.js';

type Options = TrainOptions<ForkedInput, ForkedOutput, ForkedTarget, 'hits' | 'count'>;

const options: Options = {
  epochs: 2,
  loss: forkedLoss,
  metrics: {
    hits: ([classes], y) => accuracy(classes, y.classes),
    count: ([classes]) => classes.shape[0],
  },
  schedule: constantSchedule(0.1),
};

const weights = (net: Module<never, unknown>) =>
  Array.from(net.namedVariables(), ({ name, variable }) => [name, variable.dataSync().slice()]);

async function run(
  net: ForkedNet,
  more: Partial<Options> = {},
  data: TensorData<ForkedInput, ForkedTarget> = forkedBatches,
) {
  const events = [];
  for await (const event of train(net, data, { ...options, ...more })) events.push(event);
  return events;
}

afterEach(() => expect(tf.memory().numTensors).toBe(0));

describe.each(['cpu', 'simd'])('on the backend %s', (backend) => {
  beforeEach(() => tf.setBackend(backend));

  test('a network of two inputs and outputs goes the way of PyTorch, step by step', async () => {
    const golden = readGolden<{
      losses: number[];
      accuracies: number[];
      norms: number[];
      state: Record<string, number[]>;
    }>('forked_net.json');
    expect(Math.max(...golden.norms)).toBeGreaterThan(0.4); // So that clipping matters.
    const net = new ForkedNet();
    fillForked(net);
    const data = function* () {
      for (let i = 0; i < 3; i++) yield forkedBatch(i);
    };
    const optimizer: Options['optimizer'] = (parameters) =>
      new SGD(parameters, { momentum: 0.9, nesterov: true, weightDecay: 0.01 });
    const events = await run(net, { epochs: 1, clipNorm: 0.3, optimizer }, data);
    const steps = events.flatMap((event) => (event.type === 'step' ? [event] : []));
    expect(relativeDistance(steps.map(({ loss }) => loss), golden.losses, 1)).toBeLessThan(1e-5); // prettier-ignore
    expect(relativeDistance(steps.map(({ metrics }) => metrics.hits), golden.accuracies, 1)).toBeLessThan(1e-6); // prettier-ignore
    const variables = [...net.namedVariables()];
    expect(variables.map(({ name }) => name).sort()).toEqual(Object.keys(golden.state).sort());
    for (const { name, variable } of variables) {
      const expected = golden.state[name]!;
      const scale = norm(expected) / Math.sqrt(expected.length);
      expect(relativeDistance(variable.dataSync(), expected, scale)).toBeLessThan(1e-4);
    }
    net.dispose();
  });
});

describe('any module', () => {
  beforeAll(() => tf.setBackend('simd'));

  test('learns, repeats bit for bit, and tells its metrics', async () => {
    const results = [];
    for (let i = 0; i < 2; i++) {
      const net = new ForkedNet(3);
      const events = await run(net, { epochs: 12, microBatchSize: 3 });
      results.push({
        events: events.map((event) => ({ ...event, seconds: 0, waited: 0 })),
        weights: weights(net),
      });
      net.dispose();
    }
    expect(results[1]).toEqual(results[0]);
    const epochs = results[0]!.events.flatMap((event) => (event.type === 'epoch' ? [event] : []));
    expect(epochs).toHaveLength(12);
    // The classes have little to do with the input, so that it can only learn them by heart.
    expect(epochs.at(-1)!.loss).toBeLessThan(0.85 * epochs[0]!.loss);
    expect(epochs[0]!.examples).toBe(24);
    expect(epochs[0]!.metrics.count).toBe(3);
    expect(epochs.at(-1)!.metrics.hits).toBeGreaterThan(epochs[0]!.metrics.hits);
  });

  test('an array of batches stays, and gives what a function gives', async () => {
    const batches = [0, 1, 2].map(forkedBatch);
    const nets = [new ForkedNet(), new ForkedNet()] as const;
    const held = tf.memory().numTensors;
    await run(nets[0], {}, batches);
    expect(tf.memory().numTensors).toBe(held);
    await run(nets[1], {}, () => [0, 1, 2].map(forkedBatch));
    expect(tf.memory().numTensors).toBe(held);
    expect(weights(nets[1])).toEqual(weights(nets[0]));
    for (const net of nets) net.dispose();
    for (const { x, y } of batches) tf.dispose([x.map, x.facts, y.classes, y.sizes]);
  });

  test('is evaluated by any metrics, weighted by examples, and nothing in it changes', async () => {
    const net = new ForkedNet();
    fillForked(net);
    const before = weights(net);
    const { loss, metrics } = options;
    const result = await evaluate(net, forkedBatches, { loss, metrics });
    const expected = [0, 1, 2, 3].map((i) =>
      tf.tidy(() => {
        const { x, y } = forkedBatch(i);
        const output = net.forward(x, evaluation);
        return [forkedLoss(output, y).dataSync()[0]!, accuracy(output[0], y.classes).dataSync()[0]!] as const;
      }),
    );
    const mean = (place: 0 | 1) => expected.reduce((sum, values) => sum + values[place], 0) / 4;
    expect(result.examples).toBe(24);
    expect(result.loss).toBeCloseTo(mean(0), 6);
    expect(result.metrics.hits).toBeCloseTo(mean(1), 6);
    expect(result.metrics.count).toBe(6);
    expect(weights(net)).toEqual(before);
    net.dispose();
  });

  test('validation data are evaluated with the moving average, at the end of epochs', async () => {
    const net = new ForkedNet();
    const more = { movingAverage: { decay: 0.5 }, validation: forkedBatches, evaluateEvery: 2, epochs: 3 };
    const events = await run(net, more);
    const evaluations = events.flatMap((event) => (event.type === 'evaluation' ? [event] : []));
    expect(evaluations.map(({ epoch }) => epoch)).toEqual([1, 2]);
    // The network has the average at the end.
    const { loss, metrics } = options;
    expect(evaluations[1]!.evaluation).toEqual(await evaluate(net, forkedBatches, { loss, metrics }));
    net.dispose();
  });

  test('frozen parts stay as they are', async () => {
    const net = new ForkedNet();
    net.freeze('first', 'body');
    const before = Object.fromEntries(weights(net));
    await run(net);
    const changed = weights(net).flatMap(([name, values]) =>
      Buffer.from((values as Float32Array).buffer).equals(
        Buffer.from((before[name as string] as Float32Array).buffer),
      )
        ? []
        : [name],
    );
    expect(changed.sort()).toEqual(
      [
        'heads.classes.bias',
        'heads.classes.weight',
        'heads.sizes.bias',
        'heads.sizes.weight',
        'scale',
      ].sort(),
    );
    net.dispose();
  });
});

describe('errors leave the network as it was and no tensor behind', () => {
  let net: ForkedNet;
  beforeEach(() => (net = new ForkedNet()));
  afterEach(() => net.dispose());

  /** A source of one batch that `change` has changed. */
  const batch = (change: (batch: ReturnType<typeof forkedBatch>) => void) =>
    function* () {
      const made = forkedBatch(0);
      change(made);
      yield made;
    };
  function replaced(owner: object, name: string, tensor: tf.Tensor): void {
    const fields = owner as Record<string, tf.Tensor>;
    fields[name]!.dispose();
    fields[name] = tensor;
  }

  test.each<[string, object, unknown, string]>([
    [
      'no loss',
      { loss: undefined },
      forkedBatches,
      'loss is undefined; give a function of the output and the target',
    ],
    [
      'a metric by name',
      { metrics: { hits: 'accuracy' } },
      forkedBatches,
      "The metric hits is the string 'accuracy'",
    ],
    ['an option of images', { batchSize: 4 }, forkedBatches, 'train has no option batchSize'],
    ['a tensor as data', {}, undefined, 'train: the data are undefined; give an array of batches { x, y }'],
    ['no batch', {}, [], 'train: the data are an empty array'],
    [
      'no validation data',
      { validation: 3 },
      forkedBatches,
      'train: the validation data are 3; give an array of batches',
    ],
  ])('at the call: %s', (_, more, data, message) => {
    expect(() => train(net, data as never, { ...options, ...more } as Options)).toThrow(message);
  });

  test.each<[string, Partial<Options>, unknown, string]>([
    ['an epoch without batches', {}, () => [], 'Epoch 0 has no batches'],
    ['a batch without x', {}, () => [{}], 'Batch 0 of epoch 0 is an object; give { x, y }'],
    ['x is no tensor', {}, () => [{ x: 3, y: 4 }], 'Batch 0 of epoch 0: x is 3; give a tensor'],
    ['x of another shape', {}, batch(({ x }) => replaced(x, 'map', tf.zeros([6, 4, 4, 3]))), 'input (3)'],
    ['a loss for each example', { loss: (([, sizes]: ForkedOutput) => tf.mean(sizes, 1)) as never }, forkedBatches, 'The loss gave a tensor [6]; give a scalar'],
    ['a metric for each example', { metrics: { hits: (([, sizes]: ForkedOutput) => tf.mean(sizes, 1)) as never, count: () => 1 } }, forkedBatches, 'The metric hits gave a tensor [6]'],
    ['NaN', {}, batch(({ x }) => replaced(x, 'facts', tf.fill([6, 2], NaN))), "The loss of step 0 is NaN. The first layer whose output is not finite is 'dropout'"],
    ['y that cannot be parted', { microBatchSize: 3, loss: (([, sizes]: ForkedOutput) => tf.mean(sizes)) as never, metrics: undefined as never }, batch(({ y }) => replaced(y, 'sizes', tf.zeros([5, 2]))), 'y.sizes has the shape [5,2], and the batch has 6 examples'],
  ])('in a step: %s', async (_, more, data, message) => {
    const before = weights(net);
    const held = tf.memory().numTensors;
    await expect(run(net, more, data as never)).rejects.toThrow(message);
    expect(weights(net)).toEqual(before);
    expect(tf.memory().numTensors).toBe(held);
  }); // prettier-ignore

  test('an optimizer of other variables', async () => {
    const other = new ForkedNet();
    const optimizer = () => new SGD(other.namedVariables());
    await expect(run(net, { optimizer })).rejects.toThrow(
      'The optimizer has the parameter scale, which is not among',
    );
    other.dispose();
  });

  test('a module in a private field, which would not be trained', async () => {
    class Hidden extends ForkedNet {
      readonly #factor = parameter<tf.Rank.R1>(new Float32Array([1]), [1]);
      override forward(x: ForkedInput, context: Context): ForkedOutput {
        const [classes, sizes] = super.forward(x, context);
        return [classes, tf.mul(sizes, this.#factor)];
      }
      free() {
        this.#factor.dispose();
      }
    }
    const hidden = new Hidden();
    const held = tf.memory().numTensors;
    await expect(run(hidden)).rejects.toThrow('Hidden uses a variable of shape [1] that is not in its tree');
    expect(tf.memory().numTensors).toBe(held);
    hidden.free();
    hidden.dispose();
  });

  test('a generator instead of the function that makes it', async () => {
    const batches = [0, 1].map(forkedBatch);
    const generator = (function* () {
      yield* batches;
    })();
    await expect(run(net, {}, generator)).rejects.toThrow('Epoch 1 has no batches; a generator');
    for (const { x, y } of batches) tf.dispose([x.map, x.facts, y.classes, y.sizes]);
  });

  test('evaluation without anything to measure, or without data', async () => {
    await expect(evaluate(net, forkedBatches, {})).rejects.toThrow('give a loss, or metrics');
    await expect(evaluate(net, () => [], { loss: forkedLoss })).rejects.toThrow('no batches to evaluate on');
    const infinite = () => tf.scalar(Infinity);
    await expect(evaluate(net, forkedBatches, { loss: infinite })).rejects.toThrow(
      'The model gave a loss of Infinity',
    );
  });

  test('a network without variables', async () => {
    class Nothing extends Module<tf.Tensor, tf.Tensor> {
      override forward(x: tf.Tensor) {
        return x;
      }
    }
    const data = () => [{ x: tf.zeros([2, 1]), y: tf.zeros([2, 1]) }];
    const loss = (x: tf.Tensor, y: tf.Tensor) => tf.mean(tf.sub(x, y)) as tf.Scalar;
    const events = train(new Nothing(), data, { epochs: 1, loss, schedule: constantSchedule(1) });
    await expect(events.next()).rejects.toThrow('Nothing has no variables, so there is nothing to train.');
  });
});
