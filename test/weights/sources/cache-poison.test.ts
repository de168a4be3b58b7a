import * as tf from '@tensorflow/tfjs-core';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildResNet } from '../../../src/models/resnet.js';
import { listCache } from '../../../src/weights/sources/cache.js';
import { CheckpointError } from '../../../src/weights/formats/checkpoint.js';
import { fetchParsed } from '../../../src/weights/sources/fetch-source.js';
import { load } from '../../../src/weights/load.js';
import { readSource } from '../../../src/weights/sources/read-source.js';
import { encode } from '../../../src/weights/encode.js';
import { encodeSafetensors } from '../../../src/weights/formats/safetensors.js';
import { closeServers, serve } from '../../helpers/serve.js';
import { goldenFile } from '../formats/golden-checkpoints.js';

const environment = process.env;
const limits = { retryTime: 1, retries: 1, stallTime: 1000 };
const page = '<!DOCTYPE html><html><body>Please log in</body></html>';

let folder: string;
let hub: { endpoint: string };
/** What the server has, by file. */
let files: Record<string, Uint8Array | string>;
/** The files that were asked for. */
let requests: string[];

/** Says no length, as servers that make their answers do: bytes that are missing are not missed. */
let send: (response: ServerResponse, file: Uint8Array | string) => void;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-poison-'));
  process.env = { ...environment, SKIPSCALE_CACHE: folder };
  files = {};
  requests = [];
  send = (response, file) => {
    response.write(file);
    response.end();
  };
  const endpoint = await serve(({ url }, response) => {
    const name = url!.replace(/^.*\//, '');
    requests.push(name);
    if (files[name] === undefined) response.writeHead(404).end();
    else send(response, files[name]);
  });
  hub = { endpoint };
});
afterEach(() => {
  process.env = environment;
  closeServers();
  rmSync(folder, { recursive: true });
  expect(tf.memory().numTensors).toBe(0);
});

const read = (name: string, options: object = {}) =>
  readSource(`hf://a/b/${name}`, { hub, limits, ...options });
const placeOf = (name: string) =>
  join(folder, 'hub', hub.endpoint.slice('http://'.length).replace(':', '_'), 'a', 'b', 'main', name);
const kept = async () => (await listCache()).map(({ path }) => path);

/** Puts into the cache what an older version or another program may have put there. */
function poison(name: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(placeOf(name)), { recursive: true });
  writeFileSync(placeOf(name), bytes);
}

const tensor = { shape: [500_000], values: new Float32Array(500_000) };
const large = encodeSafetensors(new Map([['a', tensor]]));
const formats: [string, () => Uint8Array | Promise<Uint8Array>][] = [
  ['safetensors', () => encodeSafetensors(new Map([['a', { shape: [4], values: new Float32Array(4) }]]))],
  ['PyTorch, zip', () => goldenFile('plain.zip.pth')],
  ['PyTorch, older', () => goldenFile('plain.legacy.pth')],
  [
    'Keras, HDF5',
    async () => {
      const model = buildResNet(20, { width: 0.25, classes: 2, convention: 'keras', initialize: false });
      const bytes = await encode(model, { format: 'weights.h5' });
      model.dispose();
      return bytes;
    },
  ],
];

/** What is done to a file on its way. */
const damages: [string, (bytes: Uint8Array) => Uint8Array | string][] = [
  ['a page of HTML', () => page],
  ['a byte less', (bytes) => bytes.subarray(0, -1)],
  ['half of it', (bytes) => bytes.subarray(0, bytes.length >> 1)],
  ['nothing', () => ''],
  ['zeros', (bytes) => new Uint8Array(bytes.length)],
  ['JSON of an error', () => '{"error": "Not logged in"}'],
];

describe.each(formats)('%s', (_, make) => {
  let whole: Uint8Array;
  beforeAll(async () => {
    whole = await make();
  });

  test.each(damages)(
    'answered with %s, is an error and not kept; the next load asks again',
    async (_, damage) => {
      files['x'] = damage(whole);
      await expect(read('x')).rejects.toThrow('/x');
      expect(await kept()).toEqual([]);
      files['x'] = whole;
      requests = [];
      expect((await read('x')).tensors.size).toBeGreaterThan(0);
      expect([requests, await kept()]).toEqual([['x'], [placeOf('x')]]);
      await read('x');
      expect(requests).toEqual(['x']);
    },
  );

  test.each(damages)('in the cache, %s is dropped and fetched once more', async (_, damage) => {
    poison('x', damage(whole));
    files['x'] = whole;
    expect((await read('x')).tensors.size).toBeGreaterThan(0);
    expect(requests).toEqual(['x']);
    expect(Buffer.compare(readFileSync(placeOf('x')), whole)).toBe(0);
    await read('x');
    expect(requests).toEqual(['x']);
  });
});

test('the error says that it is a page of HTML', async () => {
  files['x'] = page;
  await expect(read('x')).rejects.toThrow(
    `${hub.endpoint}/a/b/resolve/main/x cannot be fetched, after 2 attempts: the server answered with a page of HTML in the ` +
      'place of the file; open the address in a browser to see what it says.',
  );
  writeFileSync(join(folder, 'saved'), page);
  await expect(readSource(join(folder, 'saved'))).rejects.toThrow(
    /saved: These \d+ bytes are not a known file of weights.* It is a page of HTML\.$/,
  );
});

test('a large file that comes damaged is asked for once, a small one twice', async () => {
  for (const [file, tries] of [
    [large, 1],
    [large.subarray(0, 1000), 2],
  ] as const) {
    requests = [];
    files['x'] = file.subarray(0, -1);
    await expect(read('x')).rejects.toThrow(CheckpointError);
    expect(requests).toHaveLength(tries);
  }
});

test('where the second is damaged too, both are named, and neither is kept', async () => {
  poison('x', 'old');
  files['x'] = large.subarray(0, -1);
  await expect(read('x')).rejects.toThrow(/hf:\/\/a\/b\/x: This safetensors file is damaged/);
  expect([requests, await kept()]).toEqual([['x'], []]);
});

test('where it cannot be fetched again, the error says that what was kept is damaged', async () => {
  poison('x', 'old');
  await expect(read('x')).rejects.toThrow(
    /the server answered 404\..* What came or was kept before is damaged: hf:\/\/a\/b\/x: These 3 bytes are not/,
  );
  expect(await kept()).toEqual([]);
});

test('with its SHA-256, a URL is checked and kept the same', async () => {
  const { createHash } = await import('node:crypto');
  const sha256 = createHash('sha256').update(page).digest('hex');
  files['x'] = `${page} `; // Another page than the one whose sum is given.
  await expect(readSource(`${hub.endpoint}/x`, { limits, sha256 })).rejects.toThrow('page of HTML');
  expect(await kept()).toEqual([]);
});

describe('files that an index names', () => {
  const index = JSON.stringify({ weight_map: { a: 'part.safetensors' } });
  const manifest = JSON.stringify({
    weightsManifest: [
      { paths: ['one.bin', 'two.bin'], weights: [{ name: 'a/kernel', shape: [4], dtype: 'float32' }] },
    ],
  });
  const part = encodeSafetensors(new Map([['a', { shape: [4], values: new Float32Array(4) }]]));

  test.each(damages.map(([name]) => name))('a shard of safetensors: %s', async (name) => {
    const damage = damages.find(([other]) => other === name)![1];
    Object.assign(files, { 'index.json': index, 'part.safetensors': damage(part) });
    await expect(read('index.json')).rejects.toThrow('/part.safetensors');
    expect(await kept()).toEqual([placeOf('index.json')]);
    files['part.safetensors'] = part;
    await read('index.json');
    poison('part.safetensors', damage(part));
    poison('index.json', damage(Buffer.from(index)));
    requests = [];
    await read('index.json');
    expect(requests).toEqual(['index.json', 'part.safetensors']);
  });

  test('the parts of a layers-model: all together are kept, or none', async () => {
    Object.assign(files, {
      'model.json': manifest,
      'one.bin': new Uint8Array(7),
      'two.bin': new Uint8Array(8),
    });
    await expect(read('model.json')).rejects.toThrow("'a/kernel' ends at byte 16 of 15");
    expect(await kept()).toEqual([placeOf('model.json')]);
    files['one.bin'] = new Uint8Array(8);
    await read('model.json');
    poison('one.bin', new Uint8Array(7));
    requests = [];
    await read('model.json');
    expect(requests).toEqual(['one.bin', 'two.bin']);
    delete files['two.bin'];
    poison('one.bin', new Uint8Array(7));
    await expect(read('model.json')).rejects.toThrow('404');
  });
});

test('config.json: what does not parse is not kept, and what is kept so is fetched once more', async () => {
  const model = buildResNet(20, { width: 0.25, classes: 2, seed: 1 });
  Object.assign(files, { x: await encode(model), 'config.json': '{"id2label": {"0": "no", "1": ' });
  model.dispose();
  await expect(load('hf://a/b/x', { hub, limits })).rejects.toThrow('/config.json: it is not JSON');
  expect(await kept()).toEqual([placeOf('x')]);
  files['config.json'] = '{"id2label": {"0": "no", "1": "yes"}}';
  for (const poisoned of [page, '', '{"id2label"']) {
    poison('config.json', poisoned);
    const copy = await load('hf://a/b/x', { hub, limits });
    expect(copy.labels).toEqual(['no', 'yes']);
    copy.dispose();
  }
});

test('many at a time, of a cache that is damaged, leave one whole file', async () => {
  poison('x', large.subarray(0, 1000));
  files['x'] = large;
  await Promise.all(Array.from({ length: 8 }, () => read('x')));
  expect(await kept()).toEqual([placeOf('x')]);
  expect(Buffer.compare(readFileSync(placeOf('x')), large)).toBe(0);
});

test('a whole file is kept where something else than the file is at fault', async () => {
  files['x'] = large;
  const parse = () => {
    throw new Error('h5wasm is not installed');
  };
  await expect(fetchParsed(['hf://a/b/x'], { hub, limits }, parse)).rejects.toThrow(
    'h5wasm is not installed',
  );
  await read('x');
  expect(requests).toEqual(['x']);
});

test('where the sum is another, what is kept stays: the sum may be wrong', async () => {
  files['x'] = large;
  await read('x');
  await expect(read('x', { sha256: 'f'.repeat(64) })).rejects.toThrow('and not ffff');
  requests = [];
  await read('x');
  expect(requests).toEqual([]);
});

test('a whole file of several weights is kept, though it has to be said which to take', async () => {
  files['x'] = goldenFile('ambiguous-ema.zip.pth');
  await expect(read('x')).rejects.toThrow(/x: This file has several weights: .* Say which to take/);
  const [, key] = /checkpointKey: '(.*?)'/.exec(
    ((await read('x').catch((e: unknown) => e)) as Error).message,
  )!;
  await read('x', { checkpointKey: key });
  expect(requests).toEqual(['x']);
});
