import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { CheckpointError, type Checkpoint } from '../../../src/weights/formats/checkpoint.js';
import { decodeKeras } from '../../../src/weights/formats/keras.js';
import { decode } from '../../../src/weights/formats/decode.js';
import { readSource } from '../../../src/weights/sources/read-source.js';
import { readGolden, ruleFloats } from '../../helpers/golden.js';

const folder = join(__dirname, '..', '..', 'golden', 'keras_files');
const expected = readGolden<Record<string, number[]>>('keras_files/expected.json');

function file(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(folder, name)));
}

/** Checks every tensor of the network of keras_files.py that is wanted, and its values. */
function expectNetwork({ tensors }: Checkpoint, paths = Object.keys(expected)): void {
  expect([...tensors.keys()].filter((key) => !key.includes('seed_generator')).sort()).toEqual(paths.sort());
  for (const path of paths) {
    const { shape } = tensors.get(path)!;
    const values = tensors.get(path)!.toFloat32();
    expect([path, shape]).toEqual([path, expected[path]]);
    const rule = ruleFloats(path, values.length);
    // Keras's count of samples is a whole number.
    expect(values).toEqual(path === 'normalization/count' ? rule.map(Math.trunc) : rule);
  }
}

test.each(['model.h5', 'model.keras', 'weights.weights.h5'])('%s, as Keras 3 saved it', async (name) => {
  expectNetwork(await decode(file(name)));
});

describe('weights in several files, as Keras 3.15 saves large ones', () => {
  const index = join(folder, 'sharded.weights.json');

  test('by the path of their index: a layer may be in two of them', async () => {
    expectNetwork(await readSource(index));
  });

  test('as files of a page', async () => {
    const names = ['sharded_00001.weights.h5', 'sharded_00000.weights.h5'];
    const parts = names.map((name) => new File([file(name) as BlobPart], name));
    const source = new File([file('sharded.weights.json') as BlobPart], 'sharded.weights.json');
    expectNetwork(await readSource(source, { parts }));
    await expect(readSource(source, { parts: parts.slice(1) })).rejects.toThrow(
      "sharded.weights.json: The index names 'sharded_00001.weights.h5', which is not among the files given",
    );
  });

  test('one of which is another file', async () => {
    const parts = (name: string) => file(name.replace('00001', '00000'));
    await expect(readSource(file('sharded.weights.json'), { parts })).rejects.toThrow(CheckpointError);
    const other = (name: string) => file(name.includes('00001') ? 'weights.weights.h5' : name);
    await expect(readSource(file('sharded.weights.json'), { parts: other })).rejects.toThrow(
      'is in more than one shard',
    );
  });
});

test('the names of Keras 2, compressed', async () => {
  const arrays = Object.keys(expected).filter((path) => path !== 'normalization/count');
  expectNetwork(await decode(file('keras2.h5')), arrays);
});

test('what lies in the file as it is, is a view on its bytes; what is compressed, a copy', async () => {
  const shared = async (name: string) => {
    const bytes = file(name);
    const { tensors } = await decode(bytes);
    return [...tensors.values()].map((tensor) => tensor.bytes.buffer === bytes.buffer);
  };
  expect(new Set(await shared('weights.weights.h5'))).toEqual(new Set([true]));
  expect(new Set(await shared('keras2.h5'))).toEqual(new Set([false]));
});

describe.each(['float16', 'bfloat16'])('%s', (dtype) => {
  test.each(['h5', 'weights.h5'])('in .%s, as Keras reads it', async (ending) => {
    const values = readGolden<Record<string, Record<string, number[]>>>('keras_files/halves.json')[dtype]!;
    const { tensors } = await decode(file(`${dtype}.${ending}`));
    const read = [...tensors].filter(([key]) => !key.includes('seed_generator'));
    expect(Object.fromEntries(read.map(([key, tensor]) => [key, [...tensor.toFloat32()]]))).toEqual(values);
    expect(tensors.get('stem_conv/kernel')!.dtype).toBe(dtype === 'float16' ? 'F16' : 'BF16');
  });
});

test('float64 is read, and text passed over', async () => {
  const { tensors } = await decode(file('doubles.h5'));
  expect([...tensors.keys()]).toEqual(['head/bias', 'head/kernel']);
  expect(tensors.get('head/bias')!.toFloat32()).toEqual(Float32Array.of(0.1, 0.2));
});

test('links to other files are not followed', async () => {
  const { tensors } = await decode(file('external.h5'));
  expect([...tensors.keys()]).toEqual(['a/kernel']);
});

describe('refuses', () => {
  test.each([
    ['refused-unnamed.weights.h5', "'dense/vars/0' is of a layer whose name the file does not tell."],
    ['refused-loop.h5', 'its groups are nested more than 16 deep'],
    ['refused-huge.h5', "'a/a/kernel' claims 40000000000 bytes"],
    ['refused-expanding.h5', "'a/a/kernel' claims 8388608 bytes"],
    ['refused-chunk.h5', "'a/a/kernel' claims chunks of 1073741824 bytes"],
    ['refused-twice.h5', "has 'conv/kernel' twice"],
    ['refused-big-endian.h5', 'is big-endian'],
  ])('%s', async (name, message) => {
    const error: unknown = await decodeKeras(file(name)).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(CheckpointError);
    expect((error as Error).message).toContain(message);
  });

  test('data of 4 KB that unpack to 256 MB, at once and in little memory; and reads the next file', async () => {
    const bomb = gunzipSync(file('refused-bomb.h5.gz'));
    const before = process.memoryUsage().rss;
    const begin = Date.now();
    const refusal = decodeKeras(new Uint8Array(bomb));
    await expect(refusal).rejects.toThrow('This HDF5 file is damaged');
    expect(Date.now() - begin).toBeLessThan(4000); // A second on a machine with nothing else to do.
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
    expectNetwork(await decodeKeras(file('weights.weights.h5')));
  });

  test('nothing for a data set of more than the memory that hostile ones get', async () => {
    const { File, ready } = await import('h5wasm');
    const { FS } = await ready;
    const values = new Float32Array(20 * 2 ** 20).fill(1);
    const large = new File('/large.h5', 'w');
    large.create_group('a').create_dataset({ name: 'kernel', data: values });
    large.close();
    const bytes = FS.readFile('/large.h5');
    FS.unlink('/large.h5');
    const { tensors } = await decodeKeras(bytes);
    expect(tensors.get('a/kernel')!.size).toBe(values.length);
  });

  test('a file cut short at any place', async () => {
    const bytes = file('model.h5');
    for (let length = 8; length < bytes.length; length += 1771) {
      await expect(decodeKeras(bytes.subarray(0, length))).rejects.toThrow(CheckpointError);
    }
  });

  test('or reads a file with any byte changed, and the next one after it', async () => {
    const bytes = file('model.h5');
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 4,
        }),
        async (changes) => {
          const mutated = bytes.slice();
          for (const [place, value] of changes) mutated[place] = value;
          const error: unknown = await decodeKeras(mutated).catch((error: unknown) => error);
          if (error instanceof Error) expect(error).toBeInstanceOf(CheckpointError);
        },
      ),
      { numRuns: 300 },
    );
    expectNetwork(await decodeKeras(bytes));
  });
});
