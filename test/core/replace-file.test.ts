import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { replaceFile } from '../../src/core/replace-file.js';
import { WriteError } from '../../src/core/write-error.js';

const fs = process.getBuiltinModule('node:fs/promises');

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-'));
  path = join(folder, 'x.csv');
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

test('several that write one file at once leave the whole of one', async () => {
  const contents = Array.from({ length: 20 }, (_, i) => String(i).repeat(100_000 + i));
  await Promise.all(contents.map((content) => replaceFile(path, content)));
  expect(contents).toContain(readFileSync(path, 'utf8'));
  expect(readdirSync(folder)).toEqual(['x.csv']);
});

test.each(['open', 'rename'] as const)(
  'where it fails at %s, the old file stays and no part of the new one',
  async (where) => {
    writeFileSync(path, 'old');
    const error = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    jest.spyOn(fs, where).mockRejectedValue(error);
    const failure = await replaceFile(path, 'new and longer').catch((thrown: unknown) => thrown);
    expect(failure).toBeInstanceOf(WriteError);
    expect((failure as Error).cause).toBe(error);
    expect((failure as Error).message).toMatch(
      new RegExp(
        `^${path} cannot be written: the disk is full \\(ENOSPC\\)\\. It takes 0\\.0 kB, and [\\d.]+ [kM]B are free in ${folder}; make room\\.$`,
      ),
    );
    expect(readdirSync(folder)).toEqual(['x.csv']);
    expect(readFileSync(path, 'utf8')).toBe('old');
  },
);

test('a folder that is not there, a folder in its place, and a file in a folder’s are reported', async () => {
  await expect(replaceFile(join(folder, 'no', 'x'), '')).rejects.toThrow('the folder is not there (ENOENT)');
  mkdirSync(path);
  await expect(replaceFile(path, '')).rejects.toThrow(
    `${path} cannot be written: a folder stands in its place (EISDIR)`,
  );
  writeFileSync(join(folder, 'file'), '');
  await expect(replaceFile(join(folder, 'file', 'x'), '')).rejects.toThrow(
    'a file stands in the place of a folder (ENOTDIR)',
  );
});

test('what processes that are no more left half written is removed; what others write stays, and other programs’', async () => {
  const host = hostname().replace(/[^\w-]/g, '-');
  const stays = [
    `x.csv.${host}.${process.pid}.0123abcd.partial`,
    'x.csv.elsewhere.1.0123abcd.partial',
    'download.partial',
    'x.csv.partial',
  ];
  for (const name of [...stays, `x.csv.${host}.${2 ** 30}.0123abcd.partial`])
    writeFileSync(join(folder, name), '');
  await replaceFile(path, 'x');
  expect(readdirSync(folder).sort()).toEqual(['x.csv', ...stays].sort());
});
