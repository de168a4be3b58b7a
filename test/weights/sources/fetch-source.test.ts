import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildResNet } from '../../../src/models/resnet.js';
import { fetchSource } from '../../helpers/fetch-source.js';
import { load } from '../../../src/weights/load.js';
import { encode } from '../../../src/weights/encode.js';

let folder: string;
let file: Uint8Array<ArrayBuffer>;
let sha256: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-fetch-'));
  const model = buildResNet(20, { width: 0.25, classes: 2, seed: 1 });
  file = new Uint8Array(await encode(model));
  model.dispose();
  writeFileSync(join(folder, 'model'), file);
  sha256 = createHash('sha256').update(file).digest('hex');
});
afterAll(() => rmSync(folder, { recursive: true }));

const sources = () => ({
  bytes: file,
  Blob: new Blob([file]),
  File: new File([file], 'x'),
  path: join(folder, 'model'),
});
const kinds = ['bytes', 'Blob', 'File', 'path'] as const;

test.each(kinds)('%s: a network, filled or built', async (kind) => {
  const model = buildResNet(20, { width: 0.25, classes: 2, seed: 2 });
  await load(model, sources()[kind]);
  const copy = await load(sources()[kind]);
  for (const network of [model, copy]) {
    expect(Buffer.compare(await encode(network), file)).toBe(0);
    network.dispose();
  }
});

test.each(kinds)('%s: another SHA-256 than the given one leaves the model as it was', async (kind) => {
  const model = buildResNet(20, { width: 0.25, classes: 2, seed: 2 });
  const before = await encode(model);
  const source = sources()[kind];
  await expect(load(model, source, { sha256: 'f'.repeat(64) })).rejects.toThrow(
    `${kind === 'path' ? source : 'The file'} has the SHA-256 ${sha256} and not ${'f'.repeat(64)}`,
  );
  expect(Buffer.compare(await encode(model), before)).toBe(0);
  await load(model, source, { sha256 });
  expect(Buffer.compare(await encode(model), file)).toBe(0);
  model.dispose();
});

test.each(['', 'abc', 'g'.repeat(64), 'a'.repeat(65)])('%j is no SHA-256', async (sha256) => {
  await expect(fetchSource(file, { sha256 })).rejects.toThrow(
    `sha256 is '${sha256}'; give the 64 hexadecimal digits, or at least the first 8.`,
  );
});

test('without Node, the web computes the SHA-256, on secure pages', async () => {
  const node = jest.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never);
  await fetchSource(file, { sha256 });
  await expect(fetchSource(file, { sha256: 'f'.repeat(8) })).rejects.toThrow(
    `has the SHA-256 ${sha256} and not`,
  );
  const crypto = Object.getOwnPropertyDescriptor(globalThis, 'crypto')!;
  Object.defineProperty(globalThis, 'crypto', { value: {}, configurable: true });
  await expect(fetchSource(file, { sha256 })).rejects.toThrow(
    'on secure pages only; serve this one over https.',
  );
  Object.defineProperty(globalThis, 'crypto', crypto);
  node.mockRestore();
});

test('an index that has no address is refused: its files could be anywhere', async () => {
  const index = new Blob([JSON.stringify({ weight_map: { a: 'x.safetensors' } })]);
  await expect(load(index)).rejects.toThrow('give its path or URL, next to which they are');
});
