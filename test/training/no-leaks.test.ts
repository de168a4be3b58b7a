import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { Adam, LAMB } from '../../src/training/optim/adam.js';
import { fineTune } from '../../src/training/fine-tune.js';
import { constantSchedule } from '../../src/training/optim/schedules.js';
import { train, type ImageTrainOptions } from '../../src/training/train.js';
import { withFailingKernels, type KernelCalls } from '../helpers/failing-kernels.js';
import { tinyData, tinyModel } from './tiny.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'skipscale-'))));
afterEach(() => rmSync(folder, { recursive: true }));

type Model = ReturnType<typeof tinyModel>;

const weights = (model: Model) => model.variables().map((variable) => variable.dataSync().slice());

const averaged: Partial<ImageTrainOptions> = {
  ...{ clipNorm: 1, movingAverage: { decay: 0.5 }, microBatchSize: 3 },
  validation: tinyData(6, 1),
  checkpoints: { folder: '' },
};

test.each<[string, string, Partial<ImageTrainOptions>]>([
  ['in parts, clipped, averaged, validated, with checkpoints', 'cpu', averaged],
  ['the same', 'simd', averaged],
  ['with recomputation and Adam', 'simd', { recompute: true, optimizer: (p) => new Adam(p) }],
  ['with LAMB', 'simd', { optimizer: (p) => new LAMB(p, { weightDecay: 0.1 }) }],
])(
  'out of memory anywhere in a training leaves no tensor, and the weights of a whole step: %s, on %s',
  async (_, backend, options) => {
    await tf.setBackend(backend);
    let run = 0;
    /** The weights before each step; those at last; and the error. */
    const attempt = async (calls: KernelCalls, failAt: number) => {
      const model = tinyModel();
      const states = [weights(model)];
      const checkpoints = options.checkpoints && { folder: join(folder, String(run++)) };
      const all = { epochs: 1, batchSize: 6, schedule: constantSchedule(0.05), ...options, checkpoints };
      const held = tf.memory().numTensors;
      let error: unknown;
      Object.assign(calls, { count: 0, failAt });
      try {
        for await (const { type } of train(model, tinyData(12), all)) {
          if (type === 'step') states.push(weights(model));
        }
      } catch (thrown) {
        error = thrown;
      }
      calls.failAt = 0;
      expect([failAt, tf.memory().numTensors]).toEqual([failAt, held]);
      if (checkpoints && error) expect(readdirSync(checkpoints.folder).join()).not.toMatch(/partial|lock/);
      const last = weights(model);
      model.dispose();
      return { states, last, error };
    };
    await withFailingKernels(backend, async (calls) => {
      const whole = await attempt(calls, 0);
      expect(whole.error).toBeUndefined();
      const { count } = calls;
      expect(count).toBeGreaterThan(200);
      for (let failAt = 1; failAt <= count; failAt += Math.ceil(count / (backend === 'cpu' ? 7 : 14))) {
        const { states, last, error } = await attempt(calls, failAt);
        expect(String(error)).toMatch('out of memory');
        // Every step before it was as always.
        expect(states).toEqual(whole.states.slice(0, states.length));
        const { length } = states;
        // Where only the average failed, the step was taken.
        expect(whole.states.slice(length - 1, length + 1)).toContainEqual(last);
      }
    });
  },
);

test('a checkpoint that cannot be restored for want of memory leaves the model as it was, and no tensor', async () => {
  await tf.setBackend('cpu');
  const checkpoints = { folder, resume: true };
  const options = { epochs: 1, batchSize: 6, schedule: constantSchedule(0.05), ...averaged, checkpoints };
  const first = tinyModel();
  for await (const { type } of train(first, tinyData(12), options)) expect(type).toBeDefined();
  first.dispose();
  const model = tinyModel();
  const before = weights(model);
  const held = tf.memory().numTensors;
  const original = tf.Variable.prototype.assign;
  // The variables of the model, and then the optimizer's and the average's.
  for (const failAt of [1, 10, 25, 40, 60]) {
    let calls = 0;
    tf.Variable.prototype.assign = function (value) {
      if (++calls === failAt) throw new Error('out of memory');
      return original.call(this, value);
    };
    await expect(train(model, tinyData(12), { ...options, epochs: 2 }).next()).rejects.toThrow(
      'out of memory',
    );
    tf.Variable.prototype.assign = original;
    expect(tf.memory().numTensors).toBe(held);
    expect(weights(model)).toEqual(before);
  }
  model.dispose();
});

test('out of memory in fine-tuning leaves no tensor but those of the model', async () => {
  await tf.setBackend('simd');
  const data = tinyData(12);
  const options = { epochs: 1, batchSize: 6 };
  await withFailingKernels('simd', async (calls) => {
    const whole = tinyModel();
    await fineTune(whole, data, options);
    whole.dispose();
    const { count } = calls;
    for (let failAt = 1; failAt <= count; failAt += Math.ceil(count / 12)) {
      const model = tinyModel();
      const held = tf.memory().numTensors;
      Object.assign(calls, { count: 0, failAt });
      await expect(fineTune(model, data, options)).rejects.toThrow('out of memory');
      expect([failAt, tf.memory().numTensors]).toEqual([failAt, held]);
      model.dispose();
    }
  });
});

test('an abort while the validation data are evaluated ends it after the batch, with a checkpoint that goes on', async () => {
  await tf.setBackend('simd');
  const controller = new AbortController();
  const validation = tinyData(600, 1);
  let seen = 0;
  const watched = {
    ...validation,
    image: (i: number) => (seen++ === 200 && controller.abort(), validation.image(i)),
  };
  const model = tinyModel();
  const held = tf.memory().numTensors;
  const options = {
    epochs: 1,
    batchSize: 6,
    schedule: constantSchedule(0.05),
    checkpoints: { folder, resume: true },
  };
  const types = async (model: Model, more: Partial<ImageTrainOptions>) => {
    const list: string[] = [];
    for await (const { type } of train(model, tinyData(12), { ...options, ...more })) list.push(type);
    return list.join();
  };
  const aborted = { validation: watched, signal: controller.signal, movingAverage: {} };
  expect(await types(model, aborted)).toBe('step,step,epoch,checkpoint');
  expect(seen).toBeLessThan(600);
  expect(tf.memory().numTensors).toBe(held);
  expect(await types(model, { validation, movingAverage: {} })).toBe('resume,epoch,evaluation,checkpoint');
  model.dispose();
});
