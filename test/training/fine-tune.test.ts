import * as tf from '@tensorflow/tfjs-core';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from '../../src/training/data/dataset.js';
import { subset } from '../../src/training/data/parts.js';
import {
  fineTune,
  prepareFineTuning,
  type FineTuneOptions,
  type FineTuneResult,
} from '../../src/training/fine-tune.js';
import { fineTuneRecipe } from '../../src/training/fine-tune-recipe.js';
import type { SkippedFile } from '../../src/training/data/skipped.js';
import type { TrainEvent } from '../../src/training/train.js';
import { randomFlip } from '../../src/vision/augment/flip.js';
import { tinyData, tinyModel } from './tiny.js';

const data = tinyData(60);
const few = { epochs: 2, batchSize: 12, learningRate: 0.05 };

let model: ReturnType<typeof tinyModel>;
beforeEach(() => (model = tinyModel({ classes: 5 })));
afterEach(() => {
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

function weights(of = model): Record<string, Float32Array> {
  return Object.fromEntries(
    Array.from(of.namedVariables(), ({ name, variable }) => [name, variable.dataSync<'float32'>()]),
  );
}

/** What a new tiny model gets by these options: its weights, and the result. */
async function tuned(options: FineTuneOptions): Promise<[Record<string, Float32Array>, FineTuneResult]> {
  const network = tinyModel({ classes: 5 });
  try {
    const result = await fineTune(network, data, options);
    return [weights(network), result];
  } finally {
    network.dispose();
  }
}

test('learns the classes of the data, and says how sure it is', async () => {
  const events: TrainEvent[] = [];
  const result = await fineTune(model, data, {
    epochs: 8,
    learningRate: 0.1,
    onEvent: (event) => void events.push(event),
  });
  expect(model.classes).toBe(3);
  expect(model.labels).toEqual(['red', 'green', 'blue']);
  const { evaluation, recipe, right, interval, chance, isBetterThanChance } = result;
  expect(evaluation.images).toBe(12);
  expect(evaluation.confusion.map((row) => row.reduce((a, b) => a + b))).toEqual([4, 4, 4]);
  expect(right).toBe(Math.round(12 * evaluation.top1));
  expect(right).toBeGreaterThanOrEqual(10);
  expect([chance, isBetterThanChance]).toEqual([1 / 3, true]);
  expect(interval.low).toBeLessThan(right / 12);
  expect(recipe).toMatchObject({ epochs: 8, learningRate: 0.1, validation: 0.2 });
  expect(recipe.reasons).toMatchObject({ epochs: 'as given', learningRate: 'as given' });
  expect(recipe.reasons.batchSize).not.toBe('as given');
  expect(events.filter(({ type }) => type === 'epoch')).toHaveLength(8);
  expect(events.filter(({ type }) => type === 'evaluation')).toHaveLength(8);
});

test('the same seed gives the same weights, and another others', async () => {
  const [[a], [b], [c]] = [
    await tuned({ ...few, seed: 1 }),
    await tuned({ ...few, seed: 1 }),
    await tuned({ ...few, seed: 2 }),
  ];
  expect(b).toEqual(a);
  expect(c).not.toEqual(a);
});

test('a training that was stopped goes on with the same weights and result', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-'));
  const controller = new AbortController();
  const onEvent = ({ type }: TrainEvent) => void (type === 'evaluation' && controller.abort('enough'));
  const stopped = tuned({ ...few, checkpoints: { folder }, signal: controller.signal, onEvent });
  await expect(stopped).rejects.toBe('enough');
  const resumed = { folder, resume: true };
  const whole = await tuned(few);
  expect(await tuned({ ...few, checkpoints: resumed })).toEqual(whole);
  // And once more, with nothing left to do.
  expect(await tuned({ ...few, checkpoints: resumed })).toEqual(whole);
  rmSync(folder, { recursive: true });
});

test('keeps a head whose labels are the classes already, unless it is to be new', async () => {
  model.resetHead(3);
  model.labels = data.classes;
  const head = model.head!;
  expect((await prepareFineTuning(model, data)).isHeadNew).toBe(false);
  expect(model.head).toBe(head);
  expect((await prepareFineTuning(model, data, { resetHead: true })).isHeadNew).toBe(true);
  expect(model.head).not.toBe(head);
  model.labels = ['blue', 'green', 'black'];
  expect((await prepareFineTuning(model, data)).isHeadNew).toBe(true);
  expect(model.labels).toEqual(['red', 'green', 'blue']);
});

test('frozen parts stay as they are', async () => {
  const before = weights();
  await fineTune(model, data, { ...few, freeze: ['stem', 'stages.0'] });
  const after = weights();
  expect(after['stages.0.0.conv1.conv.weight']).toEqual(before['stages.0.0.conv1.conv.weight']);
  expect(after['stages.1.0.conv1.conv.weight']).not.toEqual(before['stages.1.0.conv1.conv.weight']);
});

test('takes a given augmentation, and other data to validate with', async () => {
  const validation = tinyData(9, 1);
  let augmented = 0;
  const flip = randomFlip();
  const result = await fineTune(model, data, {
    ...few,
    validation,
    augment: (image, random) => (augmented++, flip(image, random)),
  });
  expect(result.evaluation.images).toBe(9);
  expect(augmented).toBe(120);
});

test('leaves out images that cannot be decoded, and names them', async () => {
  const broken: Dataset = {
    ...data,
    paths: Array.from(data.labels, (_, i) => `${i}.png`),
    image: (place) => {
      if (place === 7) throw new Error('no image', { cause: new Error('cut off') });
      return data.image(place);
    },
  };
  const skipped: SkippedFile[] = [];
  const plan = await prepareFineTuning(model, broken, { onSkip: (file) => skipped.push(file) });
  expect(skipped).toEqual([{ path: '7.png', reason: 'cut off' }]);
  expect(plan.training.labels.length + plan.validation.labels.length).toBe(59);
  const allBroken = { ...data, image: () => Promise.reject(new Error('sharp is not installed')) };
  await expect(prepareFineTuning(model, allBroken)).rejects.toThrow('sharp is not installed');
});

test('too few classes or images are an error, before anything is trained', async () => {
  const places = (keep: (label: number, place: number) => boolean) =>
    Array.from(data.labels.keys()).filter((place) => keep(data.labels[place]!, place));
  const oneClass = { ...subset(data, places((label) => label === 0)), classes: ['red'] }; // prettier-ignore
  await expect(fineTune(model, oneClass)).rejects.toThrow('The data has 1 class; give at least 2');
  const single = subset(data, places((label, place) => label !== 2 || place === 2)); // prettier-ignore
  await expect(fineTune(model, single)).rejects.toThrow(
    'too few images of these classes: blue 1. Give at least 2 of each, one to train on and one to hold out.',
  );
  const empty = subset(data, places((label) => label !== 1)); // prettier-ignore
  await expect(fineTune(model, empty)).rejects.toThrow('green 0');
  const other = { ...data, classes: ['red', 'green', 'black'] };
  await expect(fineTune(model, data, { validation: other })).rejects.toThrow(
    'The validation data has the classes black, which the model does not know; it knows blue, which the data lacks.',
  );
  expect(model.classes).toBe(5);
});

describe('the recipe', () => {
  test('takes many steps of few images, and fewer epochs of many', () => {
    for (const images of [20, 72, 200, 1000, 5000, 50_000]) {
      const { validation, batchSize, epochs } = fineTuneRecipe({ images, classes: 2 });
      const trained = images * (1 - validation);
      expect(batchSize).toBeLessThanOrEqual(trained);
      const steps = epochs * Math.floor(trained / batchSize);
      expect(steps).toBeGreaterThanOrEqual(30);
    }
    const epochs = [20, 72, 200, 1000, 5000].map((images) => fineTuneRecipe({ images, classes: 2 }).epochs);
    expect([...epochs].sort((a, b) => b - a)).toEqual(epochs);
  });

  test('has a reason for every choice', () => {
    const { reasons, ...choices } = fineTuneRecipe({ images: 72, classes: 3 });
    expect(Object.keys(reasons).sort()).toEqual(Object.keys(choices).sort());
    expect(Object.values(reasons).every((reason) => reason.length > 10)).toBe(true);
  });

  test('refuses counts that are none', () => {
    expect(() => fineTuneRecipe({ images: 0, classes: 2 })).toThrow('images is 0');
    expect(() => fineTuneRecipe({ images: 10, classes: 1 })).toThrow('classes is 1');
  });
});

test.each([
  [{ freeze: 'stem' }, "freeze is the string 'stem'; give an array of parts, such as ['stem']."],
  [{ resetHead: 'no' }, "resetHead is the string 'no'; give true or false."],
])('%j is refused', async (options, message) => {
  await expect(fineTune(model, data, options as never)).rejects.toThrow(message);
});
