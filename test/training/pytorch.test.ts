import * as tf from '@tensorflow/tfjs-core';
import type { Batch } from '../../src/training/data/batch.js';
import { softmaxCrossEntropy } from '../../src/training/losses.js';
import { cosineSchedule } from '../../src/training/optim/schedules.js';
import { SGD } from '../../src/training/optim/sgd.js';
import { train } from '../../src/training/train.js';
import type { RgbImage } from '../../src/vision/image.js';
import { norm, readGolden, relativeDistance, ruleValues } from '../helpers/golden.js';
import { fillByRule, torchKey, torchValues } from '../helpers/torch-model.js';
import { SIZE, tinyModel } from './tiny.js';

const { training: golden } = readGolden<{
  training: { losses: number[]; norms: number[]; state: Record<string, number[]> };
}>('training.json');

const IMAGES = 4;

/** The batches of training.py. */
async function* source(): AsyncGenerator<Batch> {
  const values = SIZE * SIZE * 3;
  for (let step = 0; step < golden.losses.length; step++) {
    const bytes = Uint8Array.from(ruleValues(`batch.${step}`, IMAGES * values), (v) =>
      Math.floor(128 * (v + 1)),
    );
    const images = Array.from({ length: IMAGES }, (_, i): RgbImage => {
      return { width: SIZE, height: SIZE, data: bytes.subarray(i * values, (i + 1) * values) };
    });
    yield { images, targets: Int32Array.from({ length: IMAGES }, (_, i) => (i + step) % 3) };
  }
}

test.each(['simd', 'cpu'])('a training goes the way of PyTorch, on the backend %s', async (backend) => {
  await tf.setBackend(backend);
  expect(Math.max(...golden.norms)).toBeGreaterThan(1.2); // So that clipping matters.
  const model = tinyModel({ shortcut: 'projection' });
  fillByRule(model);
  const losses: number[] = [];
  const events = train(model, source, {
    epochs: 1,
    schedule: cosineSchedule(0.05, { steps: golden.losses.length }),
    optimizer: (parameters) => new SGD(parameters, { momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
    loss: (logits, targets) => softmaxCrossEntropy(logits, targets, { labelSmoothing: 0.1 }),
    clipNorm: 1,
  });
  for await (const event of events) if (event.type === 'step') losses.push(event.loss);
  expect(relativeDistance(losses, golden.losses, 1)).toBeLessThan(1e-4);
  const variables = [...model.namedVariables()];
  expect(variables.map((named) => torchKey(model, named)).sort()).toEqual(Object.keys(golden.state).sort());
  for (const named of variables) {
    const expected = golden.state[torchKey(model, named)]!;
    const scale = norm(expected) / Math.sqrt(expected.length);
    expect(relativeDistance(torchValues(named), expected, scale)).toBeLessThan(1e-4);
  }
  model.dispose();
});
