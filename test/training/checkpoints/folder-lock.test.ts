import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { FolderLock } from '../../../src/training/checkpoints/folder-lock.js';
import { constantSchedule } from '../../../src/training/optim/schedules.js';
import { train, type ImageTrainOptions } from '../../../src/training/train.js';
import { bundle } from '../../helpers/bundle.js';
import { tinyData, tinyModel } from '../tiny.js';

let folder: string;
let lock: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-'));
  lock = join(folder, 'training.lock');
});
afterEach(() => rmSync(folder, { recursive: true }));

const host = hostname().replace(/[^\w-]/g, '-');

let model: ReturnType<typeof tinyModel>;
beforeEach(() => (model = tinyModel()));
afterEach(() => model.dispose());

function training(options: Partial<ImageTrainOptions> = {}) {
  const checkpoints = { folder, resume: true };
  return train(model, tinyData(36), {
    ...{ epochs: 1, batchSize: 12, schedule: constantSchedule(0.05), checkpoints },
    ...options,
  });
}

async function runs(options: Partial<ImageTrainOptions> = {}): Promise<number> {
  let events = 0;
  for await (const event of training(options)) events += event.type === 'step' ? 1 : 0;
  return events;
}

test('a second training in one process is refused, and names it; the first goes on', async () => {
  const first = training();
  await first.next();
  const message = new RegExp(
    `^${folder} is in use by another training, of this process ${process.pid} on ${host} since \\d{4}-.*Z\\. Let that one end, or give another folder\\.$`,
  );
  await expect(runs()).rejects.toThrow(message);
  expect(existsSync(lock)).toBe(true);
  const rest = [];
  for await (const { type } of first) rest.push(type);
  expect(rest).toEqual(['step', 'step', 'epoch', 'checkpoint']);
  expect(existsSync(lock)).toBe(false);
  expect(await runs({ epochs: 2 })).toBe(3);
});

test.each<[string, () => Promise<unknown>]>([
  ['at the end', () => runs()],
  ['on abort', () => runs({ signal: AbortSignal.abort() })],
  ['where the caller stops', async () => {
    for await (const { type } of training()) if (type === 'step') break;
  }],
  ['on an error in the data', () =>
    expect(runs({ augment: () => { throw new Error('no image'); } })).rejects.toThrow('no image')],
  ['on an error of the optimizer', () =>
    expect(runs({ optimizer: () => { throw new Error('no optimizer'); } })).rejects.toThrow('no optimizer')],
  ['where it is never iterated', async () => void training()],
])('the folder is free again %s', async (_, work) => {
  await work();
  expect(existsSync(lock)).toBe(false);
}); // prettier-ignore

describe('another process', () => {
  let program: string;
  let child: ChildProcess | undefined;
  beforeAll(async () => {
    program = await bundle(join(__dirname, 'killed.ts'), mkdtempSync(join(tmpdir(), 'skipscale-')));
  });
  afterAll(() => rmSync(join(program, '..'), { recursive: true }));
  afterEach(() => child?.kill('SIGKILL'));

  /** Starts a training and waits for its first step. */
  function start(): Promise<void> {
    child = spawn(process.execPath, [program, folder, 'cpu'], { stdio: ['ignore', 'pipe', 'inherit'] });
    return new Promise((resolve, reject) => {
      child!.on('close', () => reject(new Error('It ended.')));
      child!.stdout!.once('data', () => resolve());
    });
  }

  function kill(): Promise<void> {
    return new Promise((resolve) => {
      child!.on('close', () => resolve());
      child!.kill('SIGKILL');
    });
  }

  test('is named by its number and machine; killed, its lock and what it half wrote are recognised at once', async () => {
    await start();
    child!.kill('SIGSTOP'); // So that it does not end meanwhile.
    const { pid } = child!;
    await expect(runs()).rejects.toThrow(
      `is in use by another training, of the process ${pid} on ${host} since 2`,
    );
    expect(JSON.parse(readFileSync(lock, 'utf8'))).toMatchObject({ pid, host });
    await kill();
    expect(existsSync(lock)).toBe(true);
    for (const file of readdirSync(folder)) if (file.startsWith('check')) rmSync(join(folder, file));
    writeFileSync(join(folder, `checkpoint-000000002.safetensors.${host}.${pid}.0123abcd.partial`), 'x');
    writeFileSync(join(folder, `log.csv.${host}.${pid}.0123abcd.partial`), 'x');
    writeFileSync(join(folder, `log.csv.${host}.${process.pid}.0123abcd.partial`), 'x');
    const before = Date.now();
    expect(await runs()).toBe(3);
    expect(Date.now() - before).toBeLessThan(5000);
    // What this process writes, it may still be writing.
    expect(readdirSync(folder).sort()).toEqual([
      'checkpoint-000000003.safetensors',
      `log.csv.${host}.${process.pid}.0123abcd.partial`,
    ]);
  });
});

test.each<[string, { pid: number; host: string; start?: string; since?: string }]>([
  ['a number that another process has by now', { pid: process.pid, host, start: '1', since: 'x' }],
  ['a process that is no more', { pid: 2 ** 30, host, since: 'x' }],
  ['the number 0, which no process has', { pid: 0, host, since: 'x' }],
  ['a number below 0', { pid: -1, host, since: 'x' }],
  ['a number that is not whole', { pid: 1.5, host, since: 'x' }],
  ['the number 0 on another machine', { pid: 0, host: 'elsewhere', since: 'x' }],
])('a lock of %s is stale', async (_, owner) => {
  if (owner.pid === process.pid && process.platform !== 'linux') return; // Others do not say when a process began.
  writeFileSync(lock, JSON.stringify(owner));
  expect(await runs()).toBe(3);
});

test.each(['', '{"pid":', 'null'])('a lock that says nothing, %j, is stale after a second', async (text) => {
  writeFileSync(lock, text);
  expect(await runs()).toBe(3);
});

test('of a lock of another machine nothing is known, and it says what to do', async () => {
  writeFileSync(lock, JSON.stringify({ pid: 1, host: 'elsewhere', since: '2026-01-01T00:00:00.000Z' }));
  await expect(runs()).rejects.toThrow(
    `of the process 1 on elsewhere since 2026-01-01T00:00:00.000Z. Let that one end, or give another folder. Whether it still runs is not known here; if it does not, remove ${lock}.`,
  );
});

test('a lock without its time is reported without', async () => {
  writeFileSync(lock, JSON.stringify({ pid: 1, host: 'elsewhere' }));
  await expect(runs()).rejects.toThrow('of the process 1 on elsewhere. Let that one end');
});

test('a pipe in the place of the lock is reported, and nobody waits for it', async () => {
  execFileSync('mkfifo', [lock]);
  await expect(runs()).rejects.toThrow(`${lock} is a pipe or device, and no file; remove it`);
});

test('a folder in the place of the lock is reported', async () => {
  mkdirSync(lock);
  await expect(runs()).rejects.toThrow(`${lock} cannot be written: a folder stands in its place (EISDIR)`);
});

test.each(Array.from({ length: 20 }, (_, i) => [i]))(
  'of many that take a folder with a stale lock at once, one has it (%i)',
  async (i) => {
    const stale = JSON.stringify({ pid: 2 ** 30, host, since: 'x' });
    writeFileSync(lock, stale);
    // That of a process that was killed while it removed a lock.
    if (i % 2) writeFileSync(`${lock}.claim`, stale);
    const taken = await Promise.allSettled(Array.from({ length: 20 }, () => FolderLock.take(folder)));
    const locks = taken.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(locks).toHaveLength(1);
    for (const result of taken)
      if (result.status === 'rejected') expect(String(result.reason)).toMatch('is in use');
    await locks[0]!.release();
    expect(readdirSync(folder)).toEqual([]);
  },
);
