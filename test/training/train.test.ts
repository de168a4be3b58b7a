import * as tf from '@tensorflow/tfjs-core';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import type { Batch } from '../../src/training/data/batch.js';
import type { BatchSource } from '../../src/training/data/batches.js';
import { mixup } from '../../src/training/data/mix.js';
import { evaluate } from '../../src/training/evaluate.js';
import { softmaxCrossEntropy } from '../../src/training/losses.js';
import { constantSchedule, cosineSchedule } from '../../src/training/optim/schedules.js';
import { SGD } from '../../src/training/optim/sgd.js';
import {
  train,
  type EpochEvent,
  type EvaluationEvent,
  type StepEvent,
  type TrainEvent,
  type ImageTrainOptions,
} from '../../src/training/train.js';
import type { Dataset } from '../../src/training/data/dataset.js';
import { randomFlip } from '../../src/vision/augment/flip.js';
import { tinyData, tinyModel } from './tiny.js';

const basic = { epochs: 1, batchSize: 12, schedule: constantSchedule(0.05) };

async function run(
  model: ImageClassifier,
  options: Partial<ImageTrainOptions> = {},
  data: Dataset | BatchSource = tinyData(36),
): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(model, data, { ...basic, ...options })) events.push(event);
  return events;
}

const steps = (events: readonly TrainEvent[]) => events.filter((e): e is StepEvent => e.type === 'step');

/** A new model in the place of the one before. */
function tinyModelAgain(): ImageClassifier {
  model.dispose();
  return (model = tinyModel());
}

function weights(model: ImageClassifier): Record<string, Float32Array> {
  return Object.fromEntries(
    Array.from(model.namedVariables(), ({ name, variable }) => [name, variable.dataSync<'float32'>()]),
  );
}

let model: ReturnType<typeof tinyModel>;
beforeEach(() => (model = tinyModel()));
afterEach(() => {
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

test('with its blocks run again on the way back a training ends with the same weights, bit for bit', async () => {
  await run(model, { microBatchSize: 6 });
  const other = tinyModel();
  await run(other, { microBatchSize: 6, recompute: true });
  expect(weights(other)).toEqual(weights(model));
  other.dispose();
});

test('learns colours, and tells of every step, epoch and evaluation', async () => {
  const validation = tinyData(30, 1);
  const schedule = cosineSchedule(0.1, { steps: 24 });
  const events = await run(model, { epochs: 4, schedule, validation, evaluateEvery: 3 }, tinyData(74));
  expect(events.map(({ type }) => type).join()).toBe(
    [1, 2, 3, 4]
      .flatMap((epoch) => [
        ...new Array<string>(6).fill('step'),
        'epoch',
        ...(epoch > 2 ? ['evaluation'] : []),
      ])
      .join(),
  );
  const all = steps(events);
  expect(all.map(({ step }) => step)).toEqual(Array.from({ length: 24 }, (_, i) => i + 1));
  expect(all.map(({ learningRate }) => learningRate)).toEqual(all.map((_, i) => schedule(i)));
  for (const { examples, seconds, waited } of all) {
    expect(examples).toBe(12);
    expect(seconds).toBeGreaterThan(waited);
  }
  const epochs = events.filter((e): e is EpochEvent => e.type === 'epoch');
  const first = all.slice(0, 6);
  const mean = (value: (event: StepEvent) => number) =>
    first.reduce((sum, event) => sum + value(event), 0) / 6;
  expect(epochs[0]!.loss).toBeCloseTo(
    mean(({ loss }) => loss),
    10,
  );
  expect(epochs[0]!.metrics.accuracy).toBeCloseTo(
    mean(({ metrics }) => metrics.accuracy),
    10,
  );
  expect(epochs[3]!.loss).toBeLessThan(epochs[0]!.loss / 2);
  const last = events.at(-1) as EvaluationEvent;
  expect([last.epoch, last.step]).toEqual([3, 24]);
  expect(last.evaluation.top1).toBeGreaterThan(0.9);
  expect(last.evaluation).toEqual(await evaluate(model, validation));
});

test('a seed repeats a run bit for bit, another gives another', async () => {
  const options = { augment: randomFlip(), mix: mixup(), epochs: 2 };
  const results = [];
  for (const seed of [4, 4, 5]) {
    const copy = tinyModel({ dropout: 0.3 });
    const events = await run(copy, { ...options, seed });
    results.push({ losses: steps(events).map(({ loss }) => loss), weights: weights(copy) });
    copy.dispose();
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[2]!.losses).not.toEqual(results[0]!.losses);
});

test('an EfficientNet trains too, its stochastic depth and dropout by the seed', async () => {
  const results = [];
  for (const seed of [1, 1, 2]) {
    const network = buildEfficientNet(0, { classes: 3, stochasticDepth: 0.5, dropout: 0.5 });
    const events = await run(network, { seed, size: 32, batchSize: 4 }, tinyData(8));
    results.push(steps(events).map(({ loss }) => loss));
    network.dispose();
  }
  expect(results[0]).toHaveLength(2);
  expect(results[1]).toEqual(results[0]);
  expect(results[2]![0]).not.toBe(results[0]![0]);
});

test('1,000 steps hold no more tensors than one', async () => {
  const counts: number[] = [];
  const options = { epochs: 250, batchSize: 3, clipNorm: 1, movingAverage: {}, microBatchSize: 2 };
  for await (const event of train(model, tinyData(12), { ...basic, ...options })) {
    if (event.type === 'step') counts.push(tf.memory().numTensors);
  }
  expect(counts).toHaveLength(1000);
  expect(new Set(counts).size).toBe(1);
});

test('an aborted signal ends it after the step that runs', async () => {
  const controller = new AbortController();
  const events: TrainEvent[] = [];
  for await (const event of train(model, tinyData(36), { ...basic, signal: controller.signal })) {
    events.push(event);
    if (events.length === 2) controller.abort();
  }
  expect(events.map(({ type }) => type)).toEqual(['step', 'step']);
  const before = weights(model);
  expect(await run(model, { signal: controller.signal })).toEqual([]);
  expect(weights(model)).toEqual(before);
});

test('who stops iterating leaves nothing behind', async () => {
  for await (const { type } of train(model, tinyData(36), { ...basic, movingAverage: {} })) {
    expect(type).toBe('step');
    break;
  }
});

test.each(['stem.conv', 'stages.1.0.conv2.conv', 'head'])(
  'a loss that is not finite names the first layer to blame: %s',
  async (layer) => {
    const { variable } = [...model.namedVariables()].find(({ name }) => name === `${layer}.weight`)!;
    tf.tidy(() => variable.assign(tf.fill(variable.shape, NaN)));
    await expect(run(model)).rejects.toThrow(
      `The loss of step 0 is NaN. The first layer whose output is not finite is '${layer}'.`,
    );
    // What watched the layers is gone.
    expect(Object.hasOwn(model.stem.conv, 'forward')).toBe(false);
    expect(Object.hasOwn(model, 'forward')).toBe(false);
  },
);

test('a loss that overflows by itself is said to', async () => {
  await expect(
    run(model, { loss: (x) => tf.tidy(() => tf.mul(tf.sum(x), Infinity) as tf.Scalar) }),
  ).rejects.toThrow('it is the loss itself that overflows');
});

test('a learning rate far too high ends with that error', async () => {
  await expect(run(model, { schedule: constantSchedule(1e25), epochs: 9 })).rejects.toThrow(
    /The loss of step \d+ is (NaN|Infinity)\. The first layer whose output is not finite is '[\w.]+'/,
  );
});

test('a loss that explodes though it is finite ends with an error that says what to do', async () => {
  const schedule = constantSchedule(1000);
  const long = run(model, { schedule, epochs: 9 });
  await expect(long).rejects.toThrow(
    /^The training has diverged: at step \d+ the loss is above .*\. The learning rate is 1000; give a lower one/,
  );
  // Of fewer steps too, and where the validation data are what shows it.
  await expect(run(tinyModelAgain(), { schedule, epochs: 1 })).rejects.toThrow(
    'The training has diverged: at step 3',
  );
  const validated = run(tinyModelAgain(), { schedule: constantSchedule(1e30), validation: tinyData(6), epochs: 1, batchSize: 36 }); // prettier-ignore
  await expect(validated).rejects.toThrow(
    'The training has diverged: at step 1 the evaluation has logits that are not finite',
  );
});

test('one class is nothing to train on or to evaluate', async () => {
  const data = { ...tinyData(6), classes: ['red'] };
  model.resetHead(1);
  await expect(run(model, {}, data)).rejects.toThrow('The data has 1 class; give at least 2');
  await expect(evaluate(model, data)).rejects.toThrow('The data has 1 class; give at least 2');
});

test('micro-batches give the gradient of the whole, where batch norm does not see the batch', async () => {
  const results: { losses: number[]; head: Float32Array }[] = [];
  for (const microBatchSize of [12, 5, 1]) {
    const copy = tinyModel();
    copy.freeze('stem', 'stages.0', 'stages.1');
    const events = await run(copy, { microBatchSize });
    results.push({ losses: steps(events).map(({ loss }) => loss), head: weights(copy)['head.weight']! });
    copy.dispose();
  }
  for (const { losses, head } of results.slice(1)) {
    losses.forEach((loss, i) => expect(loss).toBeCloseTo(results[0]!.losses[i]!, 5));
    head.forEach((value, i) => expect(value).toBeCloseTo(results[0]!.head[i]!, 5));
  }
  expect(results[0]!.losses[2]).toBeLessThan(results[0]!.losses[0]!);
});

test('frozen parts stay, their running statistics too, and the others move', async () => {
  model.freeze('stem', 'stages.0');
  const before = weights(model);
  await run(model);
  for (const [name, values] of Object.entries(weights(model))) {
    if (/^(stem|stages\.0)\./.test(name)) expect(values).toEqual(before[name]);
    else if (!name.endsWith('bias')) expect(values).not.toEqual(before[name]);
  }
  expect(() => model.freeze('stages.2')).toThrow(
    "ResNet has no module at 'stages.2'; give a path such as 'stages.0', 'stages.1'.",
  );
  model.freeze('stages.1', 'head');
  await expect(run(model)).rejects.toThrow('Every part of the model is frozen');
});

test('clipped gradients move the weights by at most the norm times the rate', async () => {
  const before = weights(model);
  await run(
    model,
    { clipNorm: 0.01, schedule: constantSchedule(1), optimizer: (p) => new SGD(p) },
    tinyData(12),
  );
  const trainable = [...model.namedVariables()].filter(({ variable }) => variable.trainable);
  const squares = trainable.flatMap(({ name, variable }) =>
    Array.from(variable.dataSync(), (value, i) => (value - before[name]![i]!) ** 2),
  );
  const moved = Math.sqrt(squares.reduce((a, b) => a + b, 0));
  expect(moved).toBeLessThan(0.01001);
  expect(moved).toBeGreaterThan(0.0098);
});

test('the moving average is evaluated, and is what the model has at the end', async () => {
  const validation = tinyData(30, 1);
  const events = await run(model, { validation, movingAverage: { decay: 0.5, warmUp: false } });
  const plain = tinyModel();
  await run(plain);
  expect(weights(model)).not.toEqual(weights(plain));
  const { evaluation } = events.at(-1) as EvaluationEvent;
  expect(await evaluate(model, validation)).toEqual(evaluation);
  plain.dispose();
});

test('a source of batches of one is as good as a data set', async () => {
  const data = tinyData(24);
  const asked: number[] = [];
  async function* source(epoch: number, first: number): AsyncGenerator<Batch> {
    asked.push(epoch, first);
    for (const start of [0, 12]) {
      const places = Array.from({ length: 12 }, (_, i) => start + i);
      const images = await Promise.all(places.map((place) => data.image(place)));
      yield { images, targets: data.labels.slice(start, start + 12) };
    }
  }
  const events = await run(model, { epochs: 2, loss: softmaxCrossEntropy }, source);
  expect(steps(events)).toHaveLength(4);
  expect(asked).toEqual([0, 0, 1, 0]);
  await expect(run(model, {}, async function* () {})).rejects.toThrow('Epoch 0 has no batches');
});

test('images of any size are brought to the size asked for', async () => {
  const events = await run(model, { size: 12, epochs: 1 });
  expect(steps(events)).toHaveLength(3);
});

test('what does not fit is refused', async () => {
  const other = tinyModel({ classes: 4 });
  await expect(run(other)).rejects.toThrow(
    'The model has 4 classes and the data 3; give data of as many, or build it with { classes: 3 }.',
  );
  await expect(run(model, { epochs: 0 })).rejects.toThrow('epochs is 0');
  await expect(run(model, { batchSize: 0 })).rejects.toThrow('batchSize is 0');
  await expect(run(model, { microBatchSize: 0 })).rejects.toThrow('microBatchSize is 0');
  const headless = tinyModel({ includeTop: false });
  await expect(run(headless)).rejects.toThrow('This model has no head to classify with');
  await expect(evaluate(other, tinyData(3))).rejects.toThrow('The model has 4 classes');
  tf.dispose([...other.variables(), ...headless.variables()]);
});

test('evaluate stops when it is aborted, and says where logits are not finite', async () => {
  const signal = AbortSignal.abort(new Error('enough'));
  await expect(evaluate(model, tinyData(6), { batchSize: 3, signal })).rejects.toThrow('enough');
  tf.tidy(() => model.head!.bias.assign(tf.fill([3], NaN)));
  await expect(evaluate(model, tinyData(6))).rejects.toThrow('logits that are not finite');
});
