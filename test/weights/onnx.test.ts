import * as tf from '@tensorflow/tfjs-core';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { Module } from '../../src/core/module.js';
import { buildModel, modelNames } from '../../src/models/build-model.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { exportOnnx } from '../../src/weights/onnx.js';
import { relativeDistance } from '../helpers/golden.js';
import { fillFast, ruleInput } from '../helpers/torch-model.js';

const root = join(__dirname, '..', '..');
const bench = join(root, 'bench', 'package.json');
// The native runtime where the packages of bench/ are installed.
const runtimes = [
  { name: 'onnxruntime-web', from: join(root, 'package.json') },
  ...(existsSync(join(root, 'bench', 'node_modules', 'onnxruntime-node'))
    ? [{ name: 'onnxruntime-node', from: bench }]
    : []),
];

interface Output {
  runtime: string;
  shape: number[];
  values: Float32Array;
}

let worker: Worker;
beforeAll(() => {
  worker = new Worker(join(root, 'test', 'helpers', 'onnx-runtime.mjs'), { workerData: runtimes });
});
afterAll(() => worker.terminate());

/** Batch and size of the images; an odd size as well: padding at stride 2 differs there. */
const inputs = [
  [2, 33],
  [1, 32],
] as const;

/**
 * How far ONNX Runtime's outputs are from what `predict` gives, in standard deviations, by runtime and shape: of one session
 * for all inputs. Frees the model.
 */
async function distances(model: ImageClassifier, { fused = false } = {}): Promise<Record<string, number>> {
  const images = inputs.map(([batch, size]) => ruleInput(batch, size));
  const wanted = images.map((images) => model.predict(images));
  if (fused) model.fuse();
  const held = tf.memory().numTensors;
  const file = await exportOnnx(model);
  expect(tf.memory().numTensors).toBe(held);
  const planar = images.map((images) => tf.transpose(images, [0, 3, 1, 2]));
  worker.postMessage({
    model: file,
    inputs: planar.map((images) => ({ shape: images.shape, values: images.dataSync() })),
  });
  const [outputs] = (await once(worker, 'message')) as [Output[]];
  expect(outputs).toHaveLength(runtimes.length * inputs.length);
  const found = outputs.map(({ runtime, shape, values }, i) => {
    const expected = wanted[i % inputs.length]!;
    expect([runtime, shape]).toEqual([runtime, expected.shape]);
    return [`${runtime} [${shape}]`, relativeDistance(values, expected.dataSync())] as const;
  });
  tf.dispose([images, wanted, planar]);
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
  return Object.fromEntries(found);
}

function expectClose(distances: Record<string, number>): void {
  expect(Object.entries(distances).filter(([, distance]) => !(distance < 1e-4))).toEqual([]);
}

test.each([
  ['resnet50', { convention: 'keras' }, false],
  ['resnet50', { includeTop: false }, true],
  ['resnet20', {}, true],
  ['resnet20', { shortcut: 'none' }, false],
  ['resnet50', { shortcut: 'none' }, true],
  ['efficientnet-b0', { convention: 'keras', includeTop: false }, false],
  ['efficientnet-b0', { convention: 'timm-tf' }, true],
] as const)(
  '%s %j, fused %s: ONNX Runtime gives what predict gives, within 1e-4 of a standard deviation',
  async (name, options, fused) => {
    const model = buildModel(name, { initialize: false, classes: 5, ...options });
    fillFast(model);
    expectClose(await distances(model, { fused }));
  },
);

// Of the variants, one of each kind is tested.
const published = modelNames.filter((name) => /^(resnet\d+|efficientnet-(b|lite)\d)$/.test(name));

test.each(published)(
  '%s: ONNX Runtime gives what predict gives, for any batch and size',
  async (name) => {
    const model = buildModel(name, { initialize: false });
    fillFast(model);
    expectClose(await distances(model));
  },
  1_200_000,
);

test('a block of another kind is refused by name', async () => {
  class Other extends Module {
    override forward(x: tf.Tensor4D): tf.Tensor4D {
      return x;
    }
  }
  const model = buildModel('resnet20', { initialize: false });
  const stage = model.stages[2] as Module[];
  stage.shift()!.dispose();
  stage.push(new Other());
  await expect(exportOnnx(model)).rejects.toThrow(
    'exportOnnx knows ResidualBlock and MBConv, and this model has Other; it cannot be exported.',
  );
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
});
