import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  imageRecord,
  restartRecord,
  scalarsRecord,
  versionRecord,
} from '../../../src/training/logs/event-records.js';
import { TensorBoardLog } from '../../../src/training/logs/tensorboard.js';
import { readGolden } from '../../helpers/golden.js';

const golden =
  readGolden<Record<'version' | 'scalars' | 'image' | 'restart', string>>('tensorboard_events.json');
const TIME = 1700000000.25;

test('records are, byte for byte, those that TensorBoard writes', () => {
  const png = Uint8Array.from({ length: 512 }, (_, i) => i % 256);
  const records = {
    version: versionRecord(TIME),
    scalars: scalarsRecord(TIME, 1234567, { 'loss/training': 0.625, 'learning rate': 0.1 }),
    image: imageRecord(TIME, 1, 'images/0', { width: 32, height: 24, png }),
    restart: restartRecord(TIME, 300),
  };
  for (const [name, record] of Object.entries(records)) {
    expect(Buffer.from(record).toString('base64')).toBe(golden[name as keyof typeof golden]);
  }
});

test('a log is a file of such records, in their order and with the time', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-events-'));
  const before = Date.now() / 1000;
  const log = await TensorBoardLog.open(join(folder, 'run'));
  await log.restart(5);
  await log.scalars(5, { loss: 1 });
  const after = Date.now() / 1000;
  const bytes = readFileSync(log.path);
  const times: number[] = [];
  let at = 0;
  while (at < bytes.length) {
    times.push(bytes.readDoubleLE(at + 13));
    at += 16 + Number(bytes.readBigUInt64LE(at));
  }
  expect(at).toBe(bytes.length);
  expect(times).toHaveLength(3);
  const [first, second, third] = times as [number, number, number];
  expect(
    Buffer.concat([versionRecord(first), restartRecord(second, 5), scalarsRecord(third, 5, { loss: 1 })]),
  ).toEqual(bytes);
  expect(first).toBeGreaterThanOrEqual(before);
  expect(third).toBeLessThanOrEqual(after);
  rmSync(folder, { recursive: true });
});

test('a record that does not fit on the disk leaves no part of itself, and the log goes on', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-events-'));
  const log = await TensorBoardLog.open(folder);
  await log.scalars(1, { loss: 1 });
  const before = readFileSync(log.path);
  const fs = process.getBuiltinModule('node:fs/promises');
  const { appendFile } = fs;
  const full = jest.spyOn(fs, 'appendFile').mockImplementation(async (path, data) => {
    await appendFile(path, (data as Uint8Array).subarray(0, 5));
    throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
  });
  await expect(log.scalars(2, { loss: 1 })).rejects.toThrow(
    `${log.path} cannot be written: the disk is full (ENOSPC).`,
  );
  full.mockRestore();
  expect(readFileSync(log.path)).toEqual(before);
  await log.scalars(3, { loss: 1 });
  // The record of the version has 40 bytes.
  expect(readFileSync(log.path).length).toBe(before.length + (before.length - 40));
  rmSync(folder, { recursive: true });
});
