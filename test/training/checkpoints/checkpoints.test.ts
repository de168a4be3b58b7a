import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { CheckpointFolder } from '../../../src/training/checkpoints/checkpoint-folder.js';
import { constantSchedule } from '../../../src/training/optim/schedules.js';
import { train, type TrainEvent, type ImageTrainOptions } from '../../../src/training/train.js';
import { Adam } from '../../../src/training/optim/adam.js';
import { evaluate } from '../../../src/training/evaluate.js';
import { load } from '../../../src/weights/load.js';
import { encodeSafetensors } from '../../../src/weights/formats/safetensors.js';
import { bundle } from '../../helpers/bundle.js';
import { tinyData, tinyModel } from '../tiny.js';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'skipscale-'))));
afterEach(() => rmSync(folder, { recursive: true }));

describe.each([
  ['an image classifier', 'killed.ts', 'simd'],
  ['an image classifier', 'killed.ts', 'cpu'],
  ['any module', 'killed-module.ts', 'simd'],
])('a training of %s that is killed (%s, on the backend %s)', (_, file, backend) => {
  let program: string;
  beforeAll(async () => {
    program = await bundle(join(__dirname, file), mkdtempSync(join(tmpdir(), 'skipscale-')));
  });
  afterAll(() => rmSync(join(program, '..'), { recursive: true }));

  /** The lines of the program; with `killAt`, it is killed as soon as it has told of that step. */
  function run(checkpoints: string, killAt?: number, delay = 0): Promise<string[]> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [program, checkpoints, backend], {
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      let output = '';
      let errors = '';
      child.stderr.on('data', (data) => (errors += data));
      child.stdout.on('data', (data) => {
        output += data;
        if (killAt !== undefined && output.includes(`step ${killAt} `)) {
          setTimeout(() => child.kill('SIGKILL'), delay);
        }
      });
      child.on('close', (code, signal) => {
        if (code !== 0 && signal !== 'SIGKILL') reject(new Error(errors));
        else resolve(output.trim().split('\n').filter(Boolean));
      });
    });
  }

  test('ends with the same weights as one that is not, bit for bit', async () => {
    const whole = await run(join(folder, 'whole'));
    expect(whole.filter((line) => line.startsWith('step'))).toHaveLength(20);
    expect(whole.at(-1)).toMatch(/^weights [0-9a-f]{64}$/);

    const killed = join(folder, 'killed');
    const seen = new Set<string>();
    for (const [step, delay] of [
      [3, 0],
      [6, 3],
      [10, 6],
      [13, 1],
    ] as const) {
      for (const line of await run(killed, step, delay)) seen.add(line);
      expect([...seen].some((line) => line.startsWith('weights'))).toBe(false);
    }
    const rest = await run(killed);
    expect(rest.length).toBeLessThan(whole.length);
    for (const line of rest) seen.add(line);
    // It went over some steps twice, and came to the same.
    expect([...seen].sort()).toEqual([...whole].sort());
  });
});

const basic = { epochs: 2, batchSize: 12, schedule: constantSchedule(0.05) };

async function run(
  options: Partial<ImageTrainOptions>,
  model = tinyModel(),
  images = 36,
): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  try {
    for await (const event of train(model, tinyData(images), { ...basic, ...options })) events.push(event);
    return events;
  } finally {
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  }
}

test('the last ones stay, and the best', async () => {
  const events = await run({
    epochs: 3,
    validation: tinyData(9, 1),
    checkpoints: { folder, everySteps: 2, keep: 2 },
  });
  const written = events.flatMap((event) => (event.type === 'checkpoint' ? [event.path] : []));
  const name = (step: number) => `checkpoint-00000000${step}.safetensors`;
  expect(written).toEqual([2, 3, 4, 6, 6, 8, 9].map((step) => join(folder, name(step))));
  expect(readdirSync(folder).sort()).toEqual(['best.safetensors', name(8), name(9)]);
});

test.each([undefined, { decay: 0.8 }])(
  'the best weights load, and give the best top-1; moving average %p',
  async (movingAverage) => {
    const validation = tinyData(60, 1);
    const events = await run({ epochs: 4, validation, movingAverage, checkpoints: { folder } });
    const top1s = events.flatMap((event) => (event.type === 'evaluation' ? [event.evaluation.top1] : []));
    expect(new Set(top1s).size).toBeGreaterThan(1);
    const model = tinyModel({ seed: 7 });
    await load(model, join(folder, 'best.safetensors'));
    expect((await evaluate(model, validation)).top1).toBe(Math.max(...top1s));
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  },
);

test('an aborted training writes where it stands, and continues from there as if nothing had been', async () => {
  const checkpoints = { folder, resume: true };
  const whole = await run({});
  const controller = new AbortController();
  const model = tinyModel();
  const first: TrainEvent[] = [];
  for await (const event of train(model, tinyData(36), {
    ...basic,
    checkpoints,
    signal: controller.signal,
  })) {
    first.push(event);
    if (first.length === 2) controller.abort();
  }
  model.dispose();
  expect(first.map(({ type }) => type)).toEqual(['step', 'step', 'checkpoint']);
  const rest = await run({ checkpoints });
  const losses = (events: TrainEvent[]) =>
    events.flatMap((e) => (e.type === 'step' || e.type === 'epoch' ? [e.loss] : []));
  expect([...losses(first), ...losses(rest)]).toEqual(losses(whole));
  expect(rest.flatMap((e) => (e.type === 'epoch' ? [e.examples] : []))).toEqual([12, 36]);
  // Nothing is left to do.
  expect(await run({ checkpoints })).toEqual([
    {
      type: 'resume',
      epoch: 2,
      step: 6,
      path: join(folder, 'checkpoint-000000006.safetensors'),
      skipped: [],
    },
  ]);
});

test('classes of other names are refused, of which there are as many', async () => {
  const trainOn = async (labels: readonly string[], resume: boolean) => {
    const model = tinyModel();
    model.labels = labels;
    try {
      const steps = train(
        model,
        { ...tinyData(36), classes: labels },
        { ...basic, checkpoints: { folder, resume } },
      );
      for await (const event of steps) expect(event).toBeDefined();
    } finally {
      model.dispose();
    }
  };
  await trainOn(['ant', 'bee', 'fly'], false);
  await expect(trainOn(['ant', 'bee', 'cat'], true)).rejects.toThrow(
    'has the classes ant, bee, fly, and this training ant, bee, cat; continue with the same data',
  );
  await trainOn(['ant', 'bee', 'fly'], true);
});

test('what another training wrote is refused', async () => {
  await run({ checkpoints: { folder } });
  await expect(run({ checkpoints: { folder } })).rejects.toThrow(
    `${folder} has checkpoints of an earlier training; resume it, or give another folder.`,
  );
  const checkpoints = { folder, resume: true };
  await expect(run({ checkpoints, seed: 1 })).rejects.toThrow(
    /has the seed 0, and this training 1; continue/,
  );
  await expect(run({ checkpoints, batchSize: 6 })).rejects.toThrow(
    'has the batchSize 12, and this training 6',
  );
  const optimizer: ImageTrainOptions['optimizer'] = (parameters) => new Adam(parameters);
  await expect(run({ checkpoints, optimizer })).rejects.toThrow(
    'has the optimizer SGD, and this training Adam',
  );
  await expect(run({ checkpoints, movingAverage: {} })).rejects.toThrow(
    'has other tensors than this training',
  );
  const name = 'checkpoint-000000099.safetensors';
  writeFileSync(join(folder, name), encodeSafetensors(new Map()));
  await expect(run({ checkpoints })).rejects.toThrow(`${name} is no checkpoint of a training`);
  await expect(run({ checkpoints: { folder, keep: 0 } })).rejects.toThrow('checkpoints.keep is 0');
});

test('what was only half written is removed, and other files stay', async () => {
  writeFileSync(join(folder, 'checkpoint-000000001.safetensors.partial'), 'x');
  writeFileSync(join(folder, 'notes.txt'), 'x');
  const files = await CheckpointFolder.open(folder, 1);
  expect(await files.isUsed()).toBe(false);
  await files.write(5, Uint8Array.of(1));
  await files.write(1_234_567_890, Uint8Array.of(2));
  const name = 'checkpoint-1234567890.safetensors';
  expect(readdirSync(folder).sort()).toEqual([name, 'notes.txt', 'training.lock']);
  await files.close();
  expect(readdirSync(folder).sort()).toEqual([name, 'notes.txt']);
  expect(readFileSync(join(folder, name))).toEqual(Buffer.of(2));
});
