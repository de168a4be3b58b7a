import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { buildResNet } from '../../../src/models/resnet.js';
import { pretrained } from '../../../src/pretrained/pretrained.js';
import { readHubConfig } from '../../../src/weights/sources/hub-config.js';
import { load } from '../../../src/weights/load.js';
import { readSource } from '../../../src/weights/sources/read-source.js';
import { encodeSafetensors } from '../../../src/weights/formats/safetensors.js';
import { encode } from '../../../src/weights/encode.js';
import { closeServers, serve } from '../../helpers/serve.js';

const limits = { retryTime: 1, stallTime: 2000, retries: 1 };
let weights: Uint8Array;
let folder: string;

beforeAll(async () => {
  const model = buildResNet(20, { width: 0.25, classes: 2, seed: 1 });
  weights = await encode(model);
  model.dispose();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-config-'));
});
afterEach(() => {
  closeServers();
  rmSync(folder, { recursive: true });
  expect(tf.memory().numTensors).toBe(0);
});

const config = JSON.stringify({ id2label: { 0: 'no', 1: 'yes' } });

type Answer = (response: ServerResponse, request: IncomingMessage) => void;
const status =
  (code: number): Answer =>
  (response) =>
    response.writeHead(code).end();
const text =
  (body: string | Uint8Array): Answer =>
  (response) =>
    response.end(body);

/** A server of weights, whose file of this name answers so; the requests for the latter. */
async function weightsWith(name: string, answer: Answer) {
  const requests: IncomingMessage[] = [];
  const origin = await serve((request, response) => {
    const path = request.url!.replace(/\?.*/, '');
    if (path === `/${name}`) {
      requests.push(request);
      answer(response, request);
    } else if (path === '/model.safetensors') response.end(weights);
    else if (path === '/config.json') response.end('{}');
    else response.writeHead(404).end();
  });
  return { url: `${origin}/model.safetensors`, requests };
}

/** What a server or a proxy may do, other than to say that there is no such file; how many times it is asked. */
const failures: [string, Answer, string, number][] = [
  ['answers 503', status(503), 'cannot be fetched, after 2 attempts: the server answered 503.', 2],
  ['answers 500', status(500), 'cannot be fetched, after 2 attempts: the server answered 500.', 2],
  ['answers 429', status(429), 'cannot be fetched, after 2 attempts: the server answered 429.', 2],
  ['answers 403', status(403), 'cannot be fetched: the server answered 403', 1],
  ['answers 401', status(401), 'cannot be fetched: the server answered 401', 1],
  ['answers 204', status(204), 'cannot be fetched: the server answered 204', 1],
  [
    'is cut short',
    (response) => {
      response.writeHead(200, { 'content-length': config.length });
      response.write(config.slice(0, 10), () => setTimeout(() => response.destroy(), 10));
    },
    'cannot be fetched, after 2 attempts',
    2,
  ],
  ['is cut short in silence', text(config.slice(0, 10)), 'it is not JSON in UTF-8', 2],
  [
    'is a page of HTML',
    text('<!DOCTYPE html><title>Sign in</title>'),
    'answered with a page of HTML in the place of the file; open the address in a browser',
    2,
  ],
  ['is empty', text(''), 'cannot be fetched, after 2 attempts: it is empty', 2],
  ['is not UTF-8', text(Buffer.from(config.replace('no', '\xff'), 'latin1')), 'it is not JSON in UTF-8', 2],
  ['is a list', text('[]'), 'it is JSON, but not an object', 2],
  ['is null', text('null'), 'it is JSON, but not an object', 2],
  ['does not come', () => undefined, 'after 2 attempts: nothing came for 100 ms', 2],
  ['is reset', (response) => response.socket!.resetAndDestroy(), 'after 2 attempts', 2],
  [
    'is too large',
    (response) => response.writeHead(200, { 'content-length': 1e9 }).write('{'),
    'it has 1000000000 bytes or more, and maxBytes is 4194304',
    1,
  ],
];

describe.each(['config.json', 'preprocessor_config.json'])('%s next to weights', (name) => {
  test.each(failures)('that %s is an error, after another try', async (_, answer, message, tries) => {
    const { url, requests } = await weightsWith(name, answer);
    const stallTime = message.includes('100 ms') ? 100 : limits.stallTime;
    const patience = { ...limits, stallTime };
    const error = (await load(url, { limits: patience }).catch((error: unknown) => error)) as Error;
    expect(error.message).toContain(`/${name}`);
    expect(error.message).toContain(message);
    expect(error.message).toContain('give { config: false }');
    expect(requests).toHaveLength(tries);
  });

  test.each([404, 410])('that answers %d is none', async (code) => {
    const { url, requests } = await weightsWith(name, status(code));
    const model = await load(url, { limits });
    expect([model.labels, model.preprocessing.size, requests.length]).toEqual([undefined, 32, 1]);
    model.dispose();
  });

  test('that comes at the second try is read', async () => {
    let asked = 0;
    const answers = [status(503), text('<html>'), text('{"id2l'), text('')];
    for (const first of answers) {
      asked = 0;
      const { url } = await weightsWith(name, (response, request) =>
        (asked++ === 0 ? first : text(name === 'config.json' ? config : '{}'))(response, request),
      );
      const model = await load(url, { limits });
      expect([model.labels, asked]).toEqual([name === 'config.json' ? ['no', 'yes'] : undefined, 2]);
      model.dispose();
    }
  });

  test('is not asked for with { config: false }', async () => {
    const { url, requests } = await weightsWith(name, status(503));
    (await load(url, { limits, config: false })).dispose();
    const options = { width: 0.25, convention: 'torchvision' } as const;
    (await pretrained('resnet20', { ...options, weights: url, limits, config: false })).dispose();
    expect(requests).toHaveLength(0);
  });

  test('that is a folder or cannot be read is an error; only where there is none, there is none', async () => {
    const path = join(folder, 'model.safetensors');
    writeFileSync(path, weights);
    if (name !== 'config.json') writeFileSync(join(folder, 'config.json'), '{}');
    (await load(path)).dispose();
    mkdirSync(join(folder, name));
    await expect(load(path)).rejects.toThrow(`${join(folder, name)} is a folder`);
    rmSync(join(folder, name), { recursive: true });
    symlinkSync(join(folder, name), join(folder, name));
    await expect(load(path)).rejects.toThrow(`${join(folder, name)} cannot be read (ELOOP`);
    rmSync(join(folder, name));
    writeFileSync(join(folder, name), '{"id2label": {');
    await expect(load(path)).rejects.toThrow(`${join(folder, name)}: it is not JSON in UTF-8`);
  });
});

describe("timm's config.json with a value that cannot be", () => {
  const pretrained = {
    input_size: [3, 224, 224],
    crop_pct: 0.875,
    interpolation: 'bicubic',
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    num_classes: 2,
  };
  const read = (change: object, top: object = {}) => {
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({
        architecture: 'resnet18',
        num_classes: 2,
        pretrained_cfg: { ...pretrained, ...change },
        ...top,
      }),
    );
    return readHubConfig(join(folder, 'model.safetensors'));
  };

  test.each<Record<string, unknown>>([
    { input_size: [3, 1e9, 1e9] },
    { input_size: 1e9 },
    { input_size: [3, -1, -1] },
    { input_size: [3, 224.5, 224.5] },
    { input_size: [3, '224', '224'] },
    { input_size: '224' },
    { input_size: [3, 224] },
    { input_size: [3, 224, 256] },
    { crop_pct: 1e-9 },
    { crop_pct: 0 },
    { crop_pct: -1 },
    { crop_pct: 1e9 },
    { crop_pct: '0.9' },
    { mean: [0.5, 0.5] },
    { mean: 0.5 },
    { mean: ['0.5', 0.5, 0.5] },
    { std: [0.5, 0.5, 0] },
    { std: [0.5, 0.5, -0.5] },
    { std: [1e-300, 1, 1] },
    { std: [] },
    { interpolation: 'foo' },
    { interpolation: 3 },
    { crop_mode: 'squash' },
    { num_classes: 1e12 },
    { num_classes: -1 },
    { num_classes: '2' },
  ])('%j is refused, with file, key and value', async (change) => {
    const [[key, value]] = Object.entries(change) as [[string, unknown]];
    const began = performance.now();
    await expect(read(change)).rejects.toThrow(
      `${join(folder, 'config.json')}: ${key} is ${JSON.stringify(value)}; expected `,
    );
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('and what crop_pct makes of the largest size', async () => {
    await expect(read({ input_size: [3, 8192, 8192], crop_pct: 0.5 })).rejects.toThrow('crop_pct is 0.5');
  });

  test.each([{ label_names: 'cat' }, { label_names: ['cat', 1] }, { num_classes: 1e12 }])(
    'next to pretrained_cfg: %j',
    async (top) => {
      const [[key, value]] = Object.entries(top) as [[string, unknown]];
      await expect(read({}, top)).rejects.toThrow(`${key} is ${JSON.stringify(value)}; expected `);
    },
  );

  test('what it does not say is left out', async () => {
    const nothing = Object.fromEntries(Object.keys(pretrained).map((key) => [key, null]));
    expect(await read(nothing)).toEqual({
      architecture: 'resnet18',
      convention: 'timm',
      classes: 2,
      preprocessing: {},
    });
    expect((await read({ input_size: undefined })).preprocessing).not.toHaveProperty('size');
  });

  test("a mean without deviation, a deviation without mean, a size without crop_pct: timm's default for the other", async () => {
    expect((await read({ std: undefined })).preprocessing).toMatchObject({
      mean: pretrained.mean,
      std: [0.229, 0.224, 0.225],
    });
    expect((await read({ mean: undefined })).preprocessing).toMatchObject({
      mean: [0.485, 0.456, 0.406],
      std: pretrained.std,
    });
    expect((await read({ crop_pct: undefined })).preprocessing).toMatchObject({ size: 224, resize: 256 });
  });

  test('pretrained_cfg without architecture, and its values next to the architecture as of the first versions', async () => {
    const { preprocessing } = await read({});
    expect(await read({}, { architecture: undefined, num_classes: undefined })).toEqual({ preprocessing });
    const { num_classes: classes, ...values } = pretrained;
    writeFileSync(
      join(folder, 'config.json'),
      JSON.stringify({ architecture: 'tf_efficientnet_b0', ...values }),
    );
    expect(await readHubConfig(join(folder, 'model.safetensors'))).toEqual({
      architecture: 'tf_efficientnet_b0',
      convention: 'timm-tf',
      preprocessing,
    });
    writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...values, num_classes: classes }));
    expect(await readHubConfig(join(folder, 'model.safetensors'))).toEqual({ classes, preprocessing });
  });
});

describe('the query of a signed URL', () => {
  const query = '?sv=1&sig=hidden%2Fkey';
  const shard = encodeSafetensors(new Map([['a', { shape: [1], values: new Float32Array([1]) }]]));
  const files: Record<string, string | Uint8Array> = {
    '/config.json': config,
    '/index.json': JSON.stringify({ weight_map: { a: 'part.safetensors' } }),
    '/part.safetensors': shard,
    '/model.json': JSON.stringify({
      weightsManifest: [
        { paths: ['group.bin'], weights: [{ name: 'a/kernel', shape: [1], dtype: 'float32' }] },
      ],
    }),
    '/group.bin': new Uint8Array(4),
  };
  let asked: string[];
  const signed = () =>
    serve(({ url }, response) => {
      const [path, rest] = url!.split(/(?=\?)/);
      asked.push(path!);
      if (rest !== query) return response.writeHead(403).end();
      const file = path === '/model.safetensors' ? weights : files[path!];
      response.writeHead(file ? 200 : 404).end(file);
    });
  beforeEach(() => {
    asked = [];
  });

  test('stays on config.json and preprocessor_config.json', async () => {
    const model = await load(`${await signed()}/model.safetensors${query}`, { limits });
    expect(model.labels).toEqual(['no', 'yes']);
    expect(asked).toEqual(['/model.safetensors', '/config.json', '/preprocessor_config.json']);
    model.dispose();
  });

  test.each([
    ['index.json', 'part.safetensors'],
    ['model.json', 'group.bin'],
  ])('stays on the files that %s names', async (index, part) => {
    await readSource(new URL(`${await signed()}/${index}${query}`), { limits });
    expect(asked).toEqual([`/${index}`, `/${part}`]);
  });
});

test('next to a blob or data URL there are no files, and none is asked for', async () => {
  const model = await load(URL.createObjectURL(new Blob([weights as Uint8Array<ArrayBuffer>])));
  expect(model.labels).toBeUndefined();
  model.dispose();
  const data = await load(
    `data:,${Array.from(weights, (x) => `%${x.toString(16).padStart(2, '0')}`).join('')}`,
  );
  data.dispose();
});

describe('a whole file', () => {
  let path: string;
  beforeEach(() => {
    path = join(folder, 'model.safetensors');
    writeFileSync(path, weights);
  });
  const addFile = (name: string, values: unknown) =>
    writeFileSync(join(folder, name), typeof values === 'string' ? values : JSON.stringify(values));

  test.each([
    [{ error: 'Access denied' }, "'error'"],
    [{ detail: 'Not found', code: 7 }, "'detail', 'code'"],
  ])('that says nothing that is known is an error: %j', async (values, keys) => {
    addFile('config.json', values);
    await expect(load(path)).rejects.toThrow(
      `${join(folder, 'config.json')} has no key that is known, but ${keys}; known are architecture, `,
    );
    await expect(load(path)).rejects.toThrow('give { config: false }');
    (await load(path, { config: false })).dispose();
    addFile('config.json', {});
    addFile('preprocessor_config.json', values);
    await expect(load(path)).rejects.toThrow(
      `${join(folder, 'preprocessor_config.json')} has no key that is known, but ${keys}; known are do_resize, `,
    );
  });

  test.each([
    { _class_name: 'AutoencoderKL', _diffusers_version: '0.30' },
    { class_name: 'ResNetBackbone', module: 'keras_hub', config: {} },
    { architectures: ['ResNetForImageClassification'], model_type: 'resnet' },
    { num_labels: 2 },
  ])('of another library is passed over: %j', async (values) => {
    addFile('config.json', values);
    const model = await load(path);
    expect(model.preprocessing.size).toBe(32);
    model.dispose();
  });

  test.each([
    [{ architecture: 'resnet50' }, 'is of resnet50, and the weights have those of resnet20'],
    [{ architecture: 'tf_efficientnet_b0.ns', pretrained_cfg: {} }, 'is of tf_efficientnet_b0.ns, and'],
    [{ architecture: 'resnet20', num_classes: 7 }, 'has num_classes 7, and the weights have 10'],
  ])('of another network is an error: %j', async (values, message) => {
    const model = buildResNet(20, { seed: 1 });
    writeFileSync(path, await encode(model));
    model.dispose();
    addFile('config.json', values);
    await expect(load(path)).rejects.toThrow(`The config.json next to ${path} ${message}`);
    await expect(load(path)).rejects.toThrow('it is of another network. To load without');
    for (const right of [
      { ...values, architecture: 'resnet20.a_1', num_classes: 10 },
      { architecture: 'resnet20d' },
    ]) {
      addFile('config.json', right);
      (await load(path, { convention: 'torchvision' })).dispose();
    }
    addFile('config.json', { architecture: 'resnet20', pretrained_cfg: { num_classes: 1000 } });
    (await load(path, { convention: 'torchvision' })).dispose();
  });

  test('that nests lists without end, or is larger than any, is refused before it is parsed', async () => {
    const began = performance.now();
    addFile('config.json', `{"id2label": ${'['.repeat(4e6)}`);
    await expect(load(path)).rejects.toThrow('config.json: it nests objects or lists more than 100 deep.');
    addFile('config.json', '['.repeat(5e6));
    await expect(load(path)).rejects.toThrow(
      'config.json is a file of 5000000 bytes, and 4194304 are the limit.',
    );
    expect(performance.now() - began).toBeLessThan(10_000);
  });

  test('that is a pointer of Git LFS is recognised as one', async () => {
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 123\n';
    addFile('config.json', pointer);
    await expect(load(path)).rejects.toThrow(
      `${join(folder, 'config.json')}: This is a pointer of Git LFS, and not the file itself. Get that by git lfs pull`,
    );
    writeFileSync(path, pointer);
    await expect(load(path)).rejects.toThrow(`${path}: This is a pointer of Git LFS`);
  });
});

test('an error of the server is tried once more, whatever the tries for weights', async () => {
  const { url, requests } = await weightsWith('config.json', status(503));
  await expect(load(url, { limits: { retryTime: 1 } })).rejects.toThrow(
    'after 2 attempts: the server answered 503',
  );
  expect(requests).toHaveLength(2);
});
