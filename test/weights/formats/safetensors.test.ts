import fc from 'fast-check';
import { CheckpointError, type DType } from '../../../src/weights/formats/checkpoint.js';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from '../../../src/weights/formats/half.js';
import { decodeSafetensors, encodeSafetensors } from '../../../src/weights/formats/safetensors.js';
import {
  expectDamagedHarmless,
  expectGolden,
  expectHarmless,
  goldenFile,
  goldenNames,
} from './golden-checkpoints.js';

/** A file of this header and so many bytes of data. */
function file(header: unknown, dataLength = 0): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (begin: number, end: number, shape = [(end - begin) / 4], dtype = 'F32') => ({
  dtype,
  shape,
  data_offsets: [begin, end],
});

test.each(goldenNames('.safetensors'))('%s is read as safetensors itself reads it', (name) => {
  expectGolden(decodeSafetensors(goldenFile(name)), name);
});

test('tensors are views on the file, and metadata is kept', () => {
  const bytes = goldenFile('plain.safetensors');
  const { tensors, metadata } = decodeSafetensors(bytes);
  for (const tensor of tensors.values()) expect(tensor.bytes.buffer).toBe(bytes.buffer);
  expect(Object.fromEntries(metadata)).toEqual({ format: 'pt', note: 'a "quoted" ü' });
});

test('a key __proto__ is a key like any other', () => {
  const { tensors } = decodeSafetensors(goldenFile('odd.safetensors'));
  expect(tensors.get('__proto__')!.shape).toEqual([2]);
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

test.each<[string, Uint8Array, RegExp]>([
  ['nothing', new Uint8Array(0), /has 0 bytes/],
  ['a part of the length', new Uint8Array(7), /has 7 bytes/],
  [
    'a header beyond the limit',
    Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0x7b),
    /claims 4294967296 bytes.*limit/,
  ],
  ['a header beyond the file', file('{}').subarray(0, 9), /claims 2 bytes, and the file has 9/],
  ['broken JSON', file('{"a":'), /not JSON/],
  ['broken UTF-8', Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0xff, 0x7d), /not JSON/],
  ['a list', file('[]'), /brace/],
  ['space before the brace', file(' {}'), /brace/],
  [
    'a key twice',
    file(
      '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"a" :{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
    ),
    /key twice/,
  ],
  [
    'a field twice',
    file('{"a":{"dtype":"F64","dtype":"F32","shape":[0],"data_offsets":[0,0]}}'),
    /key twice/,
  ],
  ['a name of metadata twice', file('{"__metadata__":{"x":"1","x":"2"}}'), /key twice/],
  ['metadata that is not an object', file({ __metadata__: [] }), /__metadata__ is not an object/],
  ['metadata that is not text', file({ __metadata__: { a: 1 } }), /__metadata__\.a is not a string/],
  ['an entry that is not an object', file({ a: 3 }), /'a' is not an object/],
  ['an unknown type', file({ a: entry(0, 4, [4], 'F4') }, 4), /'a' has the type "F4"; known are F64/],
  ['a type of the prototype', file({ a: entry(0, 4, [4], 'toString') }, 4), /'a' has the type "toString"/],
  ['no type', file({ a: { shape: [0], data_offsets: [0, 0] } }), /'a' has the type undefined/],
  ['a negative size', file({ a: entry(0, 4, [-1, -1]) }, 4), /'a' has the shape \[-1,-1\]/],
  ['a fractional size', file({ a: entry(0, 4, [0.5, 2]) }, 4), /'a' has the shape/],
  ['sizes whose product is too large', file({ a: entry(0, 0, [2 ** 40, 2 ** 40]) }), /'a' has the shape/],
  ['offsets in the wrong order', file({ a: entry(4, 0, [1]) }, 4), /'a' has the offsets \[4,0\]/],
  ['three offsets', file({ a: { ...entry(0, 4), data_offsets: [0, 2, 4] } }, 4), /'a' has the offsets/],
  [
    'offsets that are not numbers',
    file({ a: { ...entry(0, 4), data_offsets: ['0', '4'] } }, 4),
    /'a' has the offsets/,
  ],
  ['a range beyond the file', file({ a: entry(0, 8) }, 4), /'a' ends at byte 8 of 4/],
  [
    'a range of another size than the shape',
    file({ a: entry(0, 8, [1]) }, 8),
    /'a' has 8 bytes where F32 \[1\] takes 4/,
  ],
  ['an overlap', file({ a: entry(0, 8), b: entry(4, 12) }, 12), /'b' begins at byte 4/],
  ['a hole', file({ a: entry(0, 4), b: entry(8, 12) }, 12), /'b' begins at byte 8/],
  ['a hole at the begin', file({ a: entry(4, 8) }, 8), /'a' begins at byte 4/],
  ['bytes that no tensor has', file({ a: entry(0, 4) }, 8), /end at byte 4 of 8/],
  ['float8', goldenFile('refused-float8.safetensors'), /'w' has the type "F8_E4M3"/],
])('refuses %s', (_, bytes, message) => {
  expect(() => decodeSafetensors(bytes)).toThrow(CheckpointError);
  expect(() => decodeSafetensors(bytes)).toThrow(message);
});

test('order in the header need not be order in the data, and an unknown field is passed over', () => {
  const { tensors } = decodeSafetensors(
    file({ b: entry(4, 8), a: { ...entry(0, 4), note: { x: [{ y: 1 }] } } }, 8),
  );
  expect([...tensors.keys()]).toEqual(['b', 'a']);
});

const tensors = fc
  .uniqueArray(
    fc.tuple(
      fc.string({ unit: 'grapheme' }).filter((key) => key !== '__metadata__'),
      fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 }),
      fc.infiniteStream(fc.float({ noNaN: false })),
    ),
    { selector: ([key]) => key, maxLength: 5 },
  )
  .map(
    (list) =>
      new Map(
        list.map(([key, shape, stream]) => {
          const values = Float32Array.from(
            { length: shape.reduce((a, b) => a * b, 1) },
            () => stream.next().value!,
          );
          return [key, { shape, values }];
        }),
      ),
  );

const rounded: Partial<Record<DType, (values: Float32Array) => Float32Array>> = {
  F16: (values) => float16ToFloat32(float32ToFloat16(values)),
  BF16: (values) => bfloat16ToFloat32(float32ToBfloat16(values)),
};

test.each(['F32', 'F16', 'BF16'] as const)(
  '%s is read as it was written, and the data is aligned',
  (dtype) => {
    fc.assert(
      fc.property(tensors, fc.dictionary(fc.string(), fc.string()), (written, metadata) => {
        const bytes = encodeSafetensors(written, { dtype, metadata });
        const read = decodeSafetensors(bytes);
        expect(Object.fromEntries(read.metadata)).toEqual({
          ...metadata,
          crc32: expect.stringMatching(/^[0-9a-f]{8}$/),
        });
        expect([...read.tensors.keys()].sort()).toEqual([...written.keys()].sort());
        for (const [key, { shape, values }] of written) {
          const tensor = read.tensors.get(key)!;
          expect([tensor.dtype, tensor.shape]).toEqual([dtype, shape]);
          expect(tensor.toFloat32()).toEqual(rounded[dtype]?.(values) ?? values);
        }
        expect((8 + new DataView(bytes.buffer).getUint32(0, true)) % 8).toBe(0);
      }),
    );
  },
);

test.each<[string, [string, number[], number], RegExp]>([
  ['values that do not fill the shape', ['a', [2, 2], 3], /'a' has 3 values for the shape \[2,2\]/],
  ['a negative shape', ['a', [-1, -3], 3], /'a' has 3 values for the shape \[-1,-3\]/],
  ['the name of the metadata', ['__metadata__', [1], 1], /cannot be called __metadata__/],
])('does not write %s', (_, [key, shape, count], message) => {
  const values = new Float32Array(count);
  expect(() => encodeSafetensors(new Map([[key, { shape, values }]]))).toThrow(message);
});

test('any two bytes that change in a file of ours are noticed, and a file cut short', () => {
  const values = Float32Array.from({ length: 50 }, (_, i) => i / 7);
  const whole = encodeSafetensors(new Map([['w', { shape: [5, 10], values }]]), { metadata: { note: 'x' } });
  const read = decodeSafetensors(whole);
  // A file without the sum's name is a file without a sum.
  const name = Buffer.from(whole).indexOf('crc32');
  const change = fc.record({
    at: fc.nat({ max: whole.length - 1 }).filter((at) => at < name || at >= name + 'crc32'.length),
    by: fc.integer({ min: 1, max: 255 }),
  });
  fc.assert(
    fc.property(change, change, (a, b) => {
      fc.pre(a.at !== b.at);
      const bytes = whole.slice();
      for (const { at, by } of [a, b]) bytes[at]! ^= by;
      try {
        // Where only spaces changed, it says the same.
        const { tensors } = decodeSafetensors(bytes);
        expect([...tensors]).toEqual([...read.tensors]);
      } catch (error) {
        expect(error).toBeInstanceOf(CheckpointError);
      }
    }),
    { numRuns: 2000 },
  );
  for (const length of [0, 7, 100, whole.length - 1]) {
    expect(() => decodeSafetensors(whole.subarray(0, length))).toThrow(CheckpointError);
  }
  // The sum is what Python's zlib.crc32 gives for [["note","x"]], ["w","F32",[5,10]] and the values.
  const changed = whole.slice();
  changed[whole.length - 1]! ^= 1;
  expect(() => decodeSafetensors(changed)).toThrow(
    "This safetensors file is damaged: its content does not have the sum that it should, 282acc93. Fetch or save it again; if another program has changed it on purpose, remove 'crc32' from its metadata.",
  );
});

test('damaged and cut files give tensors or a clear error', () => {
  expectDamagedHarmless('.safetensors', decodeSafetensors, 2000);
});

test('any JSON as a header gives tensors or a clear error', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(20), (header, length) =>
      expectHarmless(() => decodeSafetensors(file(header, length))),
    ),
  );
  expectHarmless(() => decodeSafetensors(file(`{"a":${'['.repeat(1e5)}${']'.repeat(1e5)}}`)));
  expectHarmless(() => decodeSafetensors(file(`{"a":${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}}`)));
});
