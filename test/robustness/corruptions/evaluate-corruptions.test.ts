import * as tf from '@tensorflow/tfjs-core';
import { corrupt } from '../../../src/robustness/corruptions/corrupt.js';
import {
  alexNetErrors,
  evaluateCorruptions,
} from '../../../src/robustness/corruptions/evaluate-corruptions.js';
import { arrayDataset } from '../../../src/training/data/array-dataset.js';
import { evaluate } from '../../../src/training/evaluate.js';
import { rightModel, tinyData, tinyModel } from '../../training/tiny.js';

const data = tinyData(30);

test('errors are those of evaluate on images that were corrupted before', async () => {
  const model = tinyModel();
  const held = tf.memory().numTensors;
  const severities = [2, 5] as const;
  const corruptions = ['gaussian_noise', 'contrast'] as const;
  const baseline = { gaussian_noise: 0.5, contrast: 0.25 };
  const progress: number[][] = [];
  const found = await evaluateCorruptions(model, data, {
    ...{ corruptions, severities, baseline, baselineError: 0.1, seed: 3, batchSize: 16 },
    onProgress: (...done) => progress.push(done),
  });
  const clean = 1 - (await evaluate(model, data)).top1;
  expect(found.cleanError).toBeCloseTo(clean);
  for (const name of corruptions) {
    for (const [i, severity] of severities.entries()) {
      const images = await Promise.all(
        Array.from(data.labels, async (_, k) =>
          corrupt(await data.image(k), name, { severity, seed: 3 + k }),
        ),
      );
      const { top1 } = await evaluate(model, arrayDataset(images, data.labels, data.classes));
      expect(found.bySeverity[name]![i]).toBeCloseTo(1 - top1);
    }
    const [first, second] = found.bySeverity[name]!;
    expect(found.errors[name]).toBeCloseTo((first! + second!) / 2);
  }
  const [noise, contrast] = corruptions.map((name) => found.errors[name]!) as [number, number];
  expect(noise).toBeGreaterThan(0.2);
  expect(found.meanError).toBeCloseTo((noise + contrast) / 2);
  expect(found.meanCorruptionError).toBeCloseTo((noise / 0.5 + contrast / 0.25) / 2);
  expect(found.relativeMeanCorruptionError).toBeCloseTo(
    ((noise - clean) / 0.4 + (contrast - clean) / 0.15) / 2,
  );
  expect(progress.at(-1)).toEqual([150, 150]);
  expect(tf.memory().numTensors).toBe(held);
  model.dispose();
});

test('stops at the signal', async () => {
  const model = rightModel(data.classes);
  const held = tf.memory().numTensors;
  const controller = new AbortController();
  const onProgress = (done: number) => done > 60 && controller.abort(new Error('enough'));
  const run = evaluateCorruptions(model, data, { signal: controller.signal, onProgress });
  await expect(run).rejects.toThrow('enough');
  expect(tf.memory().numTensors).toBe(held);
  model.dispose();
});

test('says what is wrong with its options', async () => {
  const model = rightModel(data.classes);
  const run = (options: object) => evaluateCorruptions(model, data, options);
  await expect(run({ corruptions: ['rain'] })).rejects.toThrow("The corruption is 'rain'");
  await expect(run({ corruptions: [] })).rejects.toThrow('There are no corruptions');
  await expect(run({ severities: [7] })).rejects.toThrow('severity is 7');
  await expect(run({ baseline: { fog: 0.5 } })).rejects.toThrow(
    'The baseline has no error above 0 for gaussian_noise',
  );
  await expect(run({ baselineError: 0.1 })).rejects.toThrow('no baseline; give both');
  for (const baselineError of [0.5, -0.1, NaN, '0.1']) {
    await expect(run({ corruptions: ['fog'], baseline: { fog: 0.5 }, baselineError })).rejects.toThrow(
      "below the baseline's error for fog, 0.5",
    );
  }
  await expect(run({ strength: 1 })).rejects.toThrow('has no option strength');
  await expect(evaluateCorruptions(model, [] as never)).rejects.toThrow('evaluateCorruptions');
  model.dispose();
});

test('the errors of AlexNet average to those of the paper', () => {
  const noise = [alexNetErrors.gaussian_noise!, alexNetErrors.shot_noise!, alexNetErrors.impulse_noise!];
  expect(noise.map((error) => Math.round(100 * error))).toEqual([89, 89, 92]);
  expect(Object.keys(alexNetErrors)).toHaveLength(19);
});
