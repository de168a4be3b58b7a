import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CheckpointError, type Checkpoint } from '../../../src/weights/formats/checkpoint.js';
import { decode } from '../../../src/weights/formats/decode.js';
import { readSource } from '../../../src/weights/sources/read-source.js';
import { encodeSafetensors } from '../../../src/weights/formats/safetensors.js';
import { hasSiblings, sibling } from '../../../src/weights/sources/sibling.js';
import { goldenFile } from '../formats/golden-checkpoints.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-source-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(name: string, content: Uint8Array | object): string {
  const path = join(folder, name);
  writeFileSync(path, content instanceof Uint8Array ? content : JSON.stringify(content));
  return path;
}

function shard(tensors: Record<string, number[]>): Uint8Array {
  return encodeSafetensors(
    new Map(
      Object.entries(tensors).map(([key, values]) => [
        key,
        { shape: [values.length], values: Float32Array.from(values) },
      ]),
    ),
  );
}

async function values(source: string | URL): Promise<Record<string, number[]>> {
  const { tensors } = await readSource(source);
  return Object.fromEntries(Array.from(tensors, ([key, tensor]) => [key, Array.from(tensor.toFloat32())]));
}

describe('sharded safetensors', () => {
  const index = {
    metadata: { total_size: 12 },
    weight_map: { a: 'model-1-of-2.safetensors', b: 'model-2-of-2.safetensors' },
  };

  test('by path, file URL and http URL', async () => {
    write('model-1-of-2.safetensors', shard({ a: [1, 2] }));
    write('model-2-of-2.safetensors', shard({ b: [3] }));
    const path = write('model.safetensors.index.json', index);
    const expected = { a: [1, 2], b: [3] };
    expect(await values(path)).toEqual(expected);
    expect(await values(pathToFileURL(path))).toEqual(expected);

    const files: Record<string, Uint8Array> = {
      '/x/index.json': Buffer.from(JSON.stringify(index)),
      '/x/model-1-of-2.safetensors': shard({ a: [1, 2] }),
      '/x/model-2-of-2.safetensors': shard({ b: [3] }),
    };
    const server = createServer((request, response) => {
      const file = files[request.url!.replace(/\?.*/, '')];
      if (!file) response.statusCode = 404;
      response.end(file);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await values(`http://127.0.0.1:${port}/x/index.json?download=true`)).toEqual(expected);
    server.close();
  });

  const parts: Record<string, Uint8Array> = {
    'model-1-of-2.safetensors': shard({ a: [1, 2] }),
    'model-2-of-2.safetensors': shard({ b: [3] }),
  };
  const bytes = Buffer.from(JSON.stringify(index));
  const numbers = ({ tensors }: Checkpoint) =>
    Object.fromEntries(Array.from(tensors, ([key, tensor]) => [key, Array.from(tensor.toFloat32())]));
  const both = { a: [1, 2], b: [3] };

  test('as files of a page, in any order and of a folder', async () => {
    const files = Object.entries(parts).map(([name, part]) => new File([part as BlobPart], name));
    const chosen = [...files.reverse(), new File([bytes], 'model.safetensors.index.json')];
    expect(numbers(await readSource(chosen.at(-1)!, { parts: chosen }))).toEqual(both);
    for (const file of files) Object.assign(file, { webkitRelativePath: `mine/shards/${file.name}` });
    const below = {
      weight_map: { a: './shards/model-1-of-2.safetensors', b: 'shards/model-2-of-2.safetensors' },
    };
    expect(numbers(await readSource(new File([JSON.stringify(below)], 'x.json'), { parts: files }))).toEqual(
      both,
    );
    await expect(readSource(new Blob([bytes]), { parts: [] })).rejects.toThrow(
      "The index names 'model-1-of-2.safetensors', which is not among the files given (none). Give it too.",
    );
  });

  test('as bytes, with a function that gives the others', async () => {
    const asked: string[] = [];
    const reader = (name: string) => {
      asked.push(name);
      return Promise.resolve(parts[name]!);
    };
    expect(numbers(await readSource(bytes, { parts: reader }))).toEqual(both);
    expect(asked).toEqual(Object.keys(parts));
    await expect(readSource(bytes)).rejects.toThrow(
      /^This is an index of other files, .* \{ parts: files \}\.$/,
    );
  });

  test('one at a time', async () => {
    let open = 0;
    const reader = async (name: string) => {
      expect(++open).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
      return parts[name]!;
    };
    await readSource(bytes, { parts: reader });
  });

  test.each([
    ['./model-1.safetensors', 'model-1.safetensors'],
    ['shards/model-1.safetensors', 'shards/model-1.safetensors'],
    ['./a/b/model 1 (ü).safetensors', 'a/b/model 1 (ü).safetensors'],
    ['model%201.safetensors', 'model 1.safetensors'],
  ])('a part called %j, by path and URL', async (name, path) => {
    mkdirSync(join(folder, 'a', 'b'), { recursive: true });
    mkdirSync(join(folder, 'shards'));
    write(path, shard({ a: [7] }));
    const at = write('index.json', { weight_map: { a: name } });
    expect(await values(at)).toEqual({ a: [7] });
    expect(await values(pathToFileURL(at))).toEqual({ a: [7] });
    const server = createServer((request, response) => {
      response.end(readFileSync(join(folder, decodeURIComponent(request.url!))));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    expect(await values(`http://127.0.0.1:${port}/index.json`)).toEqual({ a: [7] });
    server.close();
  });

  test("PyTorch's pytorch_model.bin.index.json", async () => {
    const plain = decode(goldenFile('plain.zip.pth'));
    const keys = [...(await plain).tensors.keys()];
    write('pytorch_model-1.bin', goldenFile('plain.zip.pth'));
    write('pytorch_model-2.bin', goldenFile('parameters.legacy.pth'));
    const of = (keys: string[], file: string) => keys.map((key) => [key, file]);
    const weight_map = Object.fromEntries([
      ...of(keys, 'pytorch_model-1.bin'),
      ...of(['w', 'v'], 'pytorch_model-2.bin'),
    ]);
    const { tensors } = await readSource(write('pytorch_model.bin.index.json', { weight_map }));
    expect([...tensors.keys()]).toEqual([...keys, 'w', 'v']);
  });

  test('a damaged part and the index are named, without what is secret in their addresses', async () => {
    write('model-1-of-2.safetensors', shard({ a: [1, 2] }).subarray(0, 60));
    const path = write('index.json', index);
    await expect(readSource(path)).rejects.toThrow(
      /index\.json: .*model-1-of-2\.safetensors: This safetensors file is damaged/,
    );
    const server = createServer((_, response) => response.end('not weights'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const error = await readSource(`http://127.0.0.1:${port}/w.pth?sig=secret`).catch(
      (e: unknown) => e as Error,
    );
    server.close();
    expect((error as Error).message).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/w\.pth\?sig=…: These 11 bytes are not/,
    );
  });

  test.each([[{ a: 3 }], [{ a: null }], [{ a: [['x']] }]])('no file for a tensor: %j', async (weight_map) => {
    await expect(readSource(write('index.json', { weight_map }))).rejects.toThrow(
      "The index names no file for 'a'.",
    );
  });

  test('errors name what is wrong', async () => {
    const path = write('index.json', index);
    write('model-1-of-2.safetensors', shard({ a: [1] }));
    await expect(readSource(path)).rejects.toThrow(/model-2-of-2\.safetensors cannot be read/);
    write('model-2-of-2.safetensors', shard({ c: [1] }));
    await expect(readSource(path)).rejects.toThrow(
      "The index names tensors that are not in 'model-2-of-2.safetensors': b.",
    );
    write('model-2-of-2.safetensors', shard({ a: [1], b: [2] }));
    await expect(readSource(path)).rejects.toThrow("'a' is in more than one shard.");
  });

  test.each([
    ...[
      '../secret',
      '/etc/passwd',
      'a/../../b',
      'a//b',
      '..',
      '.',
      '',
      './',
      'http://elsewhere/x',
      '.hidden',
      'a/.b',
    ],
    ...[
      '%2e%2e/secret',
      '..%2fsecret',
      '%2fetc%2fpasswd',
      '..\\secret',
      'C:\\secret',
      'C:secret',
      'a%00b',
      '%zz',
      'x?y',
      'x#y',
    ],
  ])('a shard called %j is refused', async (name) => {
    const path = write('index.json', { weight_map: { a: name } });
    await expect(readSource(path)).rejects.toThrow('is not the name of a file next to');
  });

  test('too many shards are refused before any is read', async () => {
    const names = Array.from({ length: 1001 }, (_, i) => [`k${i}`, `s${i}`]);
    const path = write('index.json', { weight_map: Object.fromEntries(names) });
    await expect(readSource(path)).rejects.toThrow('The index names 1001 files; 1000 is the limit.');
  });
});

describe('a TensorFlow.js layers-model', () => {
  const weights = [
    { name: 'stem_conv/kernel', shape: [2], dtype: 'float32' },
    { name: 'block1a_dwconv/depthwise_kernel', shape: [1, 2], dtype: 'float32' },
    { name: 'normalization/count', shape: [], dtype: 'int32' },
  ];
  const bytes = new Uint8Array(20);
  new Float32Array(bytes.buffer, 0, 4).set([1, 2, 3, 4]);
  new Int32Array(bytes.buffer, 16, 1)[0] = 7;

  function model(changed: object[] = weights): string {
    write('group1-shard1of2.bin', bytes.subarray(0, 6));
    write('group1-shard2of2.bin', bytes.subarray(6));
    const paths = ['group1-shard1of2.bin', 'group1-shard2of2.bin'];
    return write('model.json', { format: 'layers-model', weightsManifest: [{ paths, weights: changed }] });
  }

  test('is read by the names of Keras, across its shards', async () => {
    expect(await values(model())).toEqual({
      'stem_conv/kernel': [1, 2],
      'block1a_dwconv/kernel': [3, 4],
      'normalization/count': [7],
    });
  });

  test.each([
    [[{ ...weights[0], shape: [6] }], "'stem_conv/kernel' ends at byte 24 of 20"],
    [[weights[0]!], 'its tensors end at byte 8 of 20'],
    [[{ ...weights[0], shape: [-1] }], "'stem_conv/kernel' has the shape [-1]"],
    [
      [{ ...weights[0], dtype: 'float16' }],
      `'stem_conv/kernel' is "float16"; of TensorFlow.js, float32 and int32 are read`,
    ],
    [
      [{ ...weights[0], quantization: { dtype: 'int8', scale: 1, min: 0 } }],
      `'stem_conv/kernel' is "float32", quantized to "int8"; of TensorFlow.js`,
    ],
    [
      [{ ...weights[2], quantization: { dtype: 'float16' } }],
      `'normalization/count' is "int32", quantized to "float16"`,
    ],
    [
      [{ ...weights[0], quantization: { dtype: 'uint8', scale: 1 } }],
      "'stem_conv/kernel' is quantized with the scale 1 and the min undefined",
    ],
    [[weights[0]!, weights[0]!, weights[2]!], "'stem_conv/kernel' is in it twice"],
    [[{}], 'a tensor has no name'],
  ])('damaged: %#', async (changed, message) => {
    const error: unknown = await readSource(model(changed)).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).toContain(message);
  });
});

describe('a quantized layers-model', () => {
  const coded = { uint8: Uint8Array, uint16: Uint16Array, float16: Uint16Array };
  const size = fc.integer({ min: 1, max: 5 });
  const weight = fc.oneof(
    fc.record({
      shape: fc.array(size, { maxLength: 3 }),
      dtype: fc.constantFrom('float32' as const, 'int32' as const),
      quantization: fc.record({
        dtype: fc.constantFrom('uint8' as const, 'uint16' as const),
        scale: fc.double({ min: 1e-6, max: 100, noNaN: true }),
        min: fc.double({ min: -1000, max: 1000, noNaN: true }),
      }),
    }),
    fc.record({
      shape: fc.array(size, { maxLength: 3 }),
      dtype: fc.constant('float32' as const),
      quantization: fc.record({ dtype: fc.constant('float16' as const) }),
    }),
  );

  test('has the values that tf.io.decodeWeights gives', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(weight, { maxLength: 4 }),
        fc.infiniteStream(fc.nat(255)),
        async (drawn, stream) => {
          const weights = drawn.map((weight, i) => ({ ...weight, name: `layer${i}/kernel` }));
          const bytes = weights.flatMap(({ shape, quantization: { dtype } }) => {
            const codes = new coded[dtype](tf.util.sizeFromShape(shape));
            for (let i = 0; i < codes.length; i++) {
              const code = stream.next().value * 256 + stream.next().value;
              // Without infinities and what is no number, to which tfjs gives other bits.
              codes[i] = dtype === 'float16' ? code & 0xbfff : code;
            }
            return [...new Uint8Array(codes.buffer)];
          });
          const data = Uint8Array.from(bytes);
          const expected = tf.tidy(() => {
            const tensors = tf.io.decodeWeights(data.buffer, weights);
            return Object.entries(tensors).map(([name, tensor]) => [name, Array.from(tensor.dataSync())]);
          });
          write('weights.bin', data);
          const model = write('model.json', { weightsManifest: [{ paths: ['weights.bin'], weights }] });
          expect(await values(model)).toEqual(Object.fromEntries(expected));
        },
      ),
    );
    expect(tf.memory().numTensors).toBe(0);
  });
});

test('other JSON, and what only begins so, is refused', async () => {
  await expect(readSource(write('config.json', { id2label: {} }))).rejects.toThrow(
    /config\.json: This is JSON without the weight_map/,
  );
  await expect(readSource(write('broken.json', Buffer.from('{"weight_map": ')))).rejects.toThrow(
    CheckpointError,
  );
});

test('any index gives a checkpoint or a clear error', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.record({ weight_map: fc.jsonValue() }),
        fc.record({ weightsManifest: fc.jsonValue() }),
        fc.record({
          weightsManifest: fc.array(
            fc.record({ paths: fc.array(fc.constant('x.bin')), weights: fc.array(fc.jsonValue()) }),
          ),
        }),
      ),
      async (index) => {
        write('x.bin', new Uint8Array(8));
        const result = await readSource(write('any.json', index)).catch((error: unknown) => error as Error);
        if (result instanceof Error && !(result instanceof CheckpointError)) {
          expect(result.message).toMatch(/is not the name of a file next to|cannot be read/);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('a file next to another', () => {
  expect(sibling('a/b.json', 'c')).toBe('a/c');
  expect(sibling('b.json', 'c')).toBe('c');
  expect(sibling('C:\\models\\b.json', 'c')).toBe('C:\\models\\c');
  expect(sibling('https://host/a/b.json?x=/y', 'c')).toBe('https://host/a/c?x=/y');
  expect(sibling('https://me:pw@host/b.json#top', 'c')).toBe('https://me:pw@host/c');
  expect(['https://host/a', 'indexeddb://x'].every(hasSiblings)).toBe(true);
  expect(['blob:http://host/1', 'data:,x'].some(hasSiblings)).toBe(false);
});
