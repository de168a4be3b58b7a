import * as tf from '@tensorflow/tfjs-core';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { imageNetLabels, imageNetWordNetIds } from '../../src/models/labels/imagenet.js';
import { arrayDataset } from '../../src/training/data/array-dataset.js';
import type { Dataset } from '../../src/training/data/dataset.js';
import { fineTune, prepareFineTuning } from '../../src/training/fine-tune.js';
import { constantSchedule } from '../../src/training/optim/schedules.js';
import { train, type EvaluationEvent, type ImageTrainOptions } from '../../src/training/train.js';
import { classify } from '../../src/vision/classify.js';
import { decodePredictions } from '../../src/vision/decode-predictions.js';
import { load } from '../../src/weights/load.js';
import { exportOnnx } from '../../src/weights/onnx/export.js';
import { encode } from '../../src/weights/encode.js';
import { onnxMetadata } from '../helpers/onnx-metadata.js';
import { rightModel, tinyData, tinyModel } from './tiny.js';

const folder = mkdtempSync(join(tmpdir(), 'skipscale-labels-'));
const colours = ['red', 'green', 'blue'];
const data = tinyData(36);
const basic: ImageTrainOptions = { epochs: 1, batchSize: 12, schedule: constantSchedule(0.05) };

afterAll(() => {
  rmSync(folder, { recursive: true });
  expect(tf.memory().numTensors).toBe(0);
});

/** The same images in the same order, whose classes stand in this order. */
function reordered({ labels, image }: Dataset, classes: readonly string[]): Dataset {
  return { image, classes, labels: labels.map((label) => classes.indexOf(colours[label]!)) };
}

async function trained(model: ImageClassifier, data: Dataset, options: Partial<ImageTrainOptions> = {}) {
  let evaluation: EvaluationEvent['evaluation'] | undefined;
  for await (const event of train(model, data, { ...basic, ...options })) {
    if (event.type === 'evaluation') evaluation = event.evaluation;
  }
  return evaluation;
}

function weights(model: ImageClassifier): number[][] {
  return model.variables().map((variable) => Array.from(variable.dataSync()));
}

async function labelsAfter(model: ImageClassifier, work: () => Promise<unknown>) {
  await work();
  const { labels } = model;
  model.dispose();
  return labels;
}

describe('train', () => {
  test('trains a class as the one of its name, in whatever order the data have them', async () => {
    const found: number[][][] = [];
    for (const classes of [colours, ['blue', 'red', 'green'], ['green', 'blue', 'red']]) {
      const model = tinyModel();
      model.labels = colours;
      await trained(model, reordered(data, classes));
      expect(model.labels).toEqual(colours);
      found.push(weights(model));
      model.dispose();
    }
    expect(found[1]).toEqual(found[0]);
    expect(found[2]).toEqual(found[0]);
  });

  test('and as the one that a mapping says', async () => {
    const [model, other] = [tinyModel(), tinyModel()];
    for (const each of [model, other]) each.labels = colours;
    await trained(model, data);
    const names = reordered(data, ['blue', 'red', 'green']);
    await trained(
      other,
      { ...names, classes: ['bleu', 'rouge', 'green'] },
      { classes: { bleu: 'blue', rouge: 0 } },
    );
    expect(weights(other)).toEqual(weights(model));
    tf.dispose([model.variables(), other.variables()]);
  });

  test('validates by name too, with fewer classes, or by the mapping', async () => {
    const still = { schedule: constantSchedule(0) };
    const validation = tinyData(30, 1);
    for (const [classes, mapping] of [
      [['blue', 'red', 'green'], undefined],
      [['bleu', 'red', 'green'], { bleu: 'blue' }],
    ] as const) {
      const model = rightModel(colours);
      const places = reordered(validation, ['blue', 'red', 'green']);
      const evaluation = await trained(model, data, {
        ...still,
        validation: { ...places, classes },
        classes: mapping,
      });
      // Its statistics have moved, and it is right about most all the same.
      expect(evaluation!.top1).toBeGreaterThan(0.9);
      model.dispose();
    }
  });

  test("WordNet ids are ImageNet's classes, which is looked up before the first step", async () => {
    const labels = Int32Array.from(imageNetLabels, (_, i) => i);
    const image = await data.image(0);
    const classes = imageNetWordNetIds.toReversed();
    const folders: Dataset = { classes, labels, image: () => image };
    const model = tinyModel({ classes: 1000 });
    model.labels = imageNetLabels;
    const validation = { ...folders, labels: labels.subarray(0, 10), classes };
    const still = { batchSize: 1000, schedule: constantSchedule(0), validation };
    const { confusion } = (await trained(model, folders, still))!;
    const images = confusion.map((row) => row.reduce((a, b) => a + b, 0));
    expect(images.slice(990)).toEqual(Array(10).fill(1));
    expect(model.labels).toEqual(imageNetLabels);
    const unknown = train(model, { ...folders, classes: classes.with(0, 'n00000001') }, basic);
    await expect(unknown.next()).rejects.toThrow('the classes n00000001, which the model does not know');
    model.dispose();
  });

  test('other names, and classes without a place in the data, are an error that says which', async () => {
    const model = tinyModel();
    model.labels = colours;
    await expect(trained(model, { ...data, classes: ['rot', 'green', 'blau'] })).rejects.toThrow(
      'the classes rot, blau, which the model does not know; it knows red, blue, which the data lacks.',
    );
    const two = arrayDataset([await data.image(0), await data.image(1)], [1, 0], ['green', 'red']);
    await expect(trained(model, two)).rejects.toThrow(
      'The data lacks classes of the model: blue. Give images of each',
    );
    const validation = { ...data, classes: ['red', 'green', 'blau'] };
    await expect(trained(model, data, { validation })).rejects.toThrow(
      'The validation data has the classes blau, which the model does not know; it knows blue, which',
    );
    await expect(trained(model, data, { validation, classes: { blu: 'blue' } })).rejects.toThrow(
      'classes maps blu, and the data',
    );
    model.dispose();
  });
});

describe('a model without labels has those of the data', () => {
  test('from before the first step on, and not where the training is refused', async () => {
    const model = tinyModel();
    await expect(trained(model, data, { size: 0 })).rejects.toThrow('size is 0');
    expect(model.labels).toBeUndefined();
    const steps = train(model, data, basic);
    await steps.next();
    expect(model.labels).toEqual(colours);
    await steps.return();
    model.dispose();
  });

  test('and batches of the user leave its labels as they are', async () => {
    const model = tinyModel();
    async function* source() {
      yield { images: [await data.image(0), await data.image(1)], targets: Int32Array.of(0, 1) };
    }
    for await (const event of train(model, source, basic)) expect(event).toBeDefined();
    expect(model.labels).toBeUndefined();
    model.dispose();
  });

  test('through saving, loading, classifying, ONNX, checkpoints and resuming', async () => {
    // Ten classes, as CIFAR-10 has: of one's own all the same.
    const names = ['bolt', 'nut', 'screw', ...Array.from({ length: 7 }, (_, i) => `part ${i}`)];
    const labels = Int32Array.from({ length: 40 }, (_, i) => i % 10);
    const parts: Dataset = { classes: names, labels, image: (i) => tinyImages.image(i % 36) };
    const options = { batchSize: 10, validation: parts, checkpoints: { folder } };
    const model = tinyModel({ classes: 10 });
    await trained(model, parts, options);
    expect(model.labels).toEqual(names);

    const image = await parts.image(0);
    const shown = await classify(model, image, { top: 10 });
    expect(shown.map(({ label }) => label)).toEqual(shown.map(({ index }) => names[index]));
    const onnx = onnxMetadata(await exportOnnx(model));
    expect(JSON.parse(onnx['labels']!)).toEqual(names);
    expect(JSON.parse(onnx['preprocessing']!)).toEqual(model.preprocessing);

    const file = join(folder, 'saved.safetensors');
    writeFileSync(file, await encode(model));
    const copy = await load(file);
    expect(copy.labels).toEqual(names);
    expect(await classify(copy, image, { top: 10 })).toEqual(shown);
    expect(await labelsAfter(copy, () => load(copy, file))).toEqual(names);
    const best = tinyModel({ classes: 10 });
    expect(await labelsAfter(best, () => load(best, join(folder, 'best.safetensors')))).toEqual(names);
    model.dispose();

    const again = tinyModel({ classes: 10 });
    const resumed = { ...options, epochs: 2, checkpoints: { folder, resume: true } };
    expect(await labelsAfter(again, () => trained(again, parts, resumed))).toEqual(names);
    // Of other names, or of the same at other places, they are not this training's.
    const other = tinyModel({ classes: 10 });
    for (const classes of [names.with(0, 'rivet'), [...names].reverse()]) {
      await expect(
        trained(other, { ...parts, classes }, { ...resumed, epochs: 3, validation: undefined }),
      ).rejects.toThrow('has the classes bolt, nut, screw');
      expect(other.labels).toBeUndefined();
    }
    // Where it knows their names already, the order of the data does not matter.
    other.labels = names;
    const turned: Dataset = {
      ...parts,
      classes: [...names].reverse(),
      labels: labels.map((label) => 9 - label),
    };
    expect(await labelsAfter(other, () => trained(other, turned, { ...resumed, epochs: 3 }))).toEqual(names);
  });
});

const tinyImages = tinyData(36);

describe('fineTune', () => {
  test('keeps a head of the same names in another order, and trains and validates by name', async () => {
    const model = rightModel(colours);
    const head = model.head;
    const turned = reordered(tinyData(60), ['blue', 'red', 'green']);
    const options = { epochs: 1, batchSize: 12, learningRate: 1e-9, augment: [] };
    const { evaluation } = await fineTune(model, turned, options);
    expect(model.head).toBe(head);
    expect(model.labels).toEqual(colours);
    expect(evaluation.top1).toBeGreaterThan(0.9);
    const validation = reordered(tinyData(30, 1), ['green', 'blue', 'red']);
    expect((await fineTune(model, turned, { ...options, validation })).evaluation.top1).toBeGreaterThan(0.9);
    model.dispose();
  });

  test('keeps a head whose classes a mapping finds, and makes one where it is to be new', async () => {
    const model = rightModel(colours);
    const head = model.head;
    const french = { ...tinyData(60), classes: ['rouge', 'green', 'blue'] };
    const plan = await prepareFineTuning(model, french, { classes: { rouge: 'red' } });
    expect([plan.isHeadNew, model.head === head, model.labels]).toEqual([false, true, colours]);
    expect(plan.training.classes).toEqual(colours);
    await expect(prepareFineTuning(model, french, { classes: { rouge: 'rot' } })).rejects.toThrow(
      "maps 'rouge' to 'rot'",
    );
    expect(model.head).toBe(head);
    expect((await prepareFineTuning(model, french)).isHeadNew).toBe(true);
    expect(model.labels).toEqual(['rouge', 'green', 'blue']);
    // Only those to validate with have other names.
    const validation = { ...tinyData(9, 1), classes: ['rot', 'green', 'blue'] };
    const prepared = await prepareFineTuning(model, french, { validation, classes: { rot: 'rouge' } });
    expect(prepared.validation.classes).toEqual(['rouge', 'green', 'blue']);
    model.dispose();
  });
});

test('decodePredictions guesses no names', async () => {
  const logits = tf.tensor2d([Array.from({ length: 10 }, (_, i) => (i === 8 ? 5 : 0))]);
  expect((await decodePredictions(logits, 1))[0]![0]!.label).toBe('class 8');
  logits.dispose();
});
