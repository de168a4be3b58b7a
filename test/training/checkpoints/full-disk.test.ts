import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { constantSchedule } from '../../../src/training/optim/schedules.js';
import {
  train,
  type CheckpointFailedEvent,
  type TrainEvent,
  type ImageTrainOptions,
} from '../../../src/training/train.js';
import { tinyData, tinyModel } from '../tiny.js';

const fs = process.getBuiltinModule('node:fs/promises');
const name = (step: number) => `checkpoint-00000000${step}.safetensors`;

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'skipscale-'))));
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

async function run(
  checkpoints: Partial<ImageTrainOptions['checkpoints']>,
  options: Partial<ImageTrainOptions> = {},
  onEvent: (event: TrainEvent) => void = () => {},
): Promise<TrainEvent[]> {
  const model = tinyModel();
  const events: TrainEvent[] = [];
  try {
    const all = { epochs: 3, batchSize: 12, schedule: constantSchedule(0.05), ...options };
    for await (const event of train(model, tinyData(36), {
      ...all,
      checkpoints: { folder, ...checkpoints },
    })) {
      events.push(event);
      onEvent(event);
    }
    return events;
  } finally {
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  }
}

/** Makes the writing of these files fail half-way, with this error of the system. */
function fail(code: string, isFailing: (path: string) => boolean): void {
  const { open } = fs;
  jest.spyOn(fs, 'open').mockImplementation(async (path, ...rest) => {
    const file: FileHandle = await open(path, ...rest);
    if (!isFailing(String(path))) return file;
    jest.spyOn(file, 'writeFile').mockImplementation(async (data) => {
      await file.write(Buffer.from(data as Uint8Array).subarray(0, 1000));
      throw Object.assign(new Error(`${code}: cannot write, write`), { code });
    });
    return file;
  });
}

const types = (events: readonly TrainEvent[]) =>
  events.filter(({ type }) => type.startsWith('check')).map(({ type }) => type);

test.each([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the quota of this user is used up'],
])(
  '%s at a checkpoint: the part is removed, sizes are reported, the training goes on and tries again',
  async (code, why) => {
    fail(code, (path) => path.includes(name(3)));
    const left: string[][] = [];
    const events = await run({}, {}, ({ type }) => {
      if (type === 'checkpoint-failed') left.push(readdirSync(folder));
    });
    expect(types(events)).toEqual(['checkpoint-failed', 'checkpoint', 'checkpoint']);
    expect(left).toEqual([['training.lock']]);
    const { error, path, step, epoch } = events.find(
      (e): e is CheckpointFailedEvent => e.type === 'checkpoint-failed',
    )!;
    expect([path, step, epoch]).toEqual([join(folder, name(3)), 3, 1]);
    expect(error.message).toMatch(
      new RegExp(
        `^${folder}/${name(3)} cannot be written: ${why} \\(${code}\\)\\. It takes [1-9]\\d*\\.\\d kB, and \\d+\\.\\d [kM]B are free in ${folder}; make room\\.$`,
      ),
    );
    expect(readdirSync(folder).sort()).toEqual([name(6), name(9)]);
  },
);

test.each(['EROFS', 'EACCES', 'EIO'])('%s at a checkpoint does not end the training either', async (code) => {
  fail(code, (path) => path.includes(name(6)));
  expect(types(await run({}))).toEqual(['checkpoint', 'checkpoint-failed', 'checkpoint']);
});

test('where it never fits, the training ends with an error, and the model has what it learnt', async () => {
  fail('ENOSPC', (path) => path.includes('checkpoint-'));
  const model = tinyModel();
  const options = { epochs: 2, batchSize: 12, schedule: constantSchedule(0.05) };
  const plain = tinyModel();
  for await (const { type } of train(plain, tinyData(36), options)) expect(type).toBeDefined();
  const failing = train(model, tinyData(36), { ...options, checkpoints: { folder } });
  const seen: string[] = [];
  await expect(async () => {
    for await (const { type } of failing) seen.push(type);
  }).rejects.toThrow(`${name(6)} cannot be written: the disk is full (ENOSPC)`);
  expect(seen.filter((type) => type === 'checkpoint-failed')).toHaveLength(2);
  expect(model.variables().map((v) => [...v.dataSync()])).toEqual(
    plain.variables().map((v) => [...v.dataSync()]),
  );
  expect(readdirSync(folder)).toEqual([]);
  tf.dispose([...model.variables(), ...plain.variables()]);
});

test('an aborted training whose last checkpoint does not fit ends with an error', async () => {
  fail('ENOSPC', (path) => path.includes('checkpoint-'));
  const controller = new AbortController();
  const aborted = run({}, { signal: controller.signal }, () => controller.abort());
  await expect(aborted).rejects.toThrow(`${name(1)} cannot be written: the disk is full (ENOSPC)`);
});

test('the newest whole checkpoint stays until a newer one is whole', async () => {
  const there: string[][] = [];
  fail('ENOSPC', (path) => /checkpoint-00000000[26789]/.test(path));
  await expect(
    run({ keep: 1, everySteps: 1 }, {}, ({ type }) => {
      if (type.startsWith('check'))
        there.push(readdirSync(folder).filter((file) => file !== 'training.lock'));
    }),
  ).rejects.toThrow(name(9));
  const only = (step: number) => [name(step)];
  // The steps 3, 6 and 9 are written twice, at the end of the epoch too.
  expect(there).toEqual([1, 1, 3, 3, 4, 5, 5, 5, 5, 5, 5, 5].map(only));
});

test('best.safetensors that cannot be written is reported, and written when it is beaten again', async () => {
  let isFull = true;
  fail('ENOSPC', (path) => isFull && path.includes('best'));
  const events = await run({}, { validation: tinyData(9, 1) }, ({ type }) => {
    if (type === 'checkpoint-failed') isFull = false;
  });
  const failed = events.filter((e): e is CheckpointFailedEvent => e.type === 'checkpoint-failed');
  expect(failed.map(({ path }) => path)).toEqual([join(folder, 'best.safetensors')]);
  expect(existsSync(join(folder, 'best.safetensors'))).toBe(true);
});

describe('before the first step', () => {
  const refused = async (folder: string, message: string) => {
    const events: TrainEvent[] = [];
    await expect(run({ folder }, {}, (event) => events.push(event))).rejects.toThrow(message);
    expect(events).toEqual([]);
  };

  test('a file in the place of the folder is reported', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await refused(file, `${file} cannot be written: a file stands in the place of the folder (EEXIST).`);
    const under = join(file, 'run');
    await refused(under, `${under} cannot be written: a file stands in the place of a folder (ENOTDIR).`);
  });

  test.each([
    ['EACCES', 'this user may not write there'],
    ['EROFS', 'the file system is read-only'],
    ['ENOSPC', 'the disk is full'],
  ])('a folder that nothing can be written to is reported: %s', async (code, why) => {
    fail(code, () => true);
    await refused(folder, `training.lock cannot be written: ${why} (${code}).`);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a folder that Node says is not there is reported as the system has it: the file system is read-only', async () => {
    const { mkdir } = fs;
    const closed = join(folder, 'closed');
    jest.spyOn(fs, 'mkdir').mockImplementation(async (path, options) => {
      if (!String(path).startsWith(closed)) return mkdir(path, options as { recursive: true });
      const code = options || path !== closed ? 'ENOENT' : 'EROFS';
      throw Object.assign(new Error(code), { code });
    });
    for (const path of [closed, join(closed, 'a', 'run')])
      await refused(path, `${path} cannot be written: the file system is read-only (EROFS).`);
  });

  test('a folder that is really read-only is reported', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o500 });
    // Root may write anywhere but onto such a disk.
    const isRoot = process.getuid?.() === 0;
    if (isRoot && !mount(closed, 'ro')) return;
    try {
      const why = isRoot ? 'is read-only (EROFS)' : 'this user may not write there (EACCES)';
      for (const path of [join(closed, 'run'), join(closed, 'a', 'b', 'run')])
        await refused(path, `${path} cannot be written: ${isRoot ? 'the file system ' : ''}${why}`);
      await refused(closed, isRoot ? 'is read-only (EROFS)' : 'this user may not write there (EACCES)');
    } finally {
      if (isRoot) execFileSync('umount', [closed]);
    }
  });
});

/** Whether a disk of memory could be mounted at the folder. */
function mount(path: string, options: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // It takes a right that most users do not have; the tests above do without.
  }
}

test('a disk that is really full, where one may be mounted', async () => {
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  if (!mount(disk, 'size=64k')) return;
  try {
    // 12 of 16 pages; the lock takes one, and a checkpoint four.
    writeFileSync(join(disk, 'filler'), new Uint8Array(48_000));
    const events = await run({ folder: disk }, {}, ({ type }) => {
      if (type === 'checkpoint-failed') rmSync(join(disk, 'filler'), { force: true });
    });
    expect(types(events)).toEqual(['checkpoint-failed', 'checkpoint', 'checkpoint']);
    expect(readdirSync(disk).sort()).toEqual([name(6), name(9)]);
  } finally {
    execFileSync('umount', [disk]);
  }
});
