import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { CheckpointError, HostTensor, type DType } from '../../../src/weights/formats/checkpoint.js';
import { float32ToBfloat16, float32ToFloat16 } from '../../../src/weights/formats/half.js';

test('strided tensors of any shape, offset and alignment equal the definition', () => {
  const axis = fc.record({ size: fc.integer({ min: 0, max: 4 }), stride: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(
      fc.array(axis, { maxLength: 4 }),
      fc.constantFrom('F64', 'F32', 'F16', 'BF16', 'I16', 'I64', 'U8'),
      fc.integer({ min: 0, max: 7 }),
      (axes, dtype, shift) => {
        const shape = axes.map(({ size }) => size);
        const strides = axes.map(({ stride }) => stride);
        const numbers = Array.from({ length: 200 }, (_, i) => i);
        const stored = {
          F64: Float64Array.from(numbers),
          F32: Float32Array.from(numbers),
          F16: float32ToFloat16(Float32Array.from(numbers)),
          BF16: float32ToBfloat16(Float32Array.from(numbers)),
          I16: Int16Array.from(numbers),
          I64: BigInt64Array.from(numbers, BigInt),
          U8: Uint8Array.from(numbers),
        }[dtype];
        const bytes = new Uint8Array(shift + stored.byteLength);
        bytes.set(new Uint8Array(stored.buffer), shift);

        // Every index of the shape, the last axis fastest.
        const places = axes.reduce<number[]>(
          (so, { size, stride }) =>
            so.flatMap((place) => Array.from({ length: size }, (_, i) => place + i * stride)),
          [0],
        );
        const tensor = new HostTensor(dtype, shape, bytes.subarray(shift), strides);
        expect(tensor.toFloat32()).toEqual(Float32Array.from(places));
        expect(tensor.size).toBe(places.length);
      },
    ),
  );
});

test('any order of axes of any length equals what tf.transpose gives', () => {
  const shape = fc.oneof(
    fc.tuple(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 70 })),
    fc.tuple(...[70, 5, 3, 3].map((max) => fc.integer({ min: 1, max }))),
  );
  const drawn = shape.chain((shape) =>
    fc.tuple(
      fc.constant(shape),
      fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
      fc.constantFrom<DType>('F32', 'F16'),
    ),
  );
  fc.assert(
    fc.property(drawn, ([shape, order, dtype]) => {
      const size = shape.reduce((a, b) => a * b);
      const numbers = Float32Array.from({ length: size }, (_, i) => i % 2048);
      const stored = dtype === 'F16' ? float32ToFloat16(numbers) : numbers;
      const expected = tf.tidy(() => tf.transpose(tf.tensor(numbers, shape), order).dataSync());
      const tensor = new HostTensor(dtype, shape, new Uint8Array(stored.buffer)).transpose(order);
      const out = new Float32Array(size + 2).fill(-1);
      tensor.writeTo(out.subarray(1, -1));
      expect(out).toEqual(Float32Array.of(-1, ...expected, -1));
    }),
  );
});

describe('isFinite', () => {
  // As bits of each type: finite, the largest, infinity, and two that are not numbers.
  test.each<[DType, number[], number[]]>([
    ['F32', [0x3f800000, 0xff7fffff], [0x7f800000, 0xff800000, 0x7f800001, 0xffc00000]],
    ['F16', [0x3c00, 0xfbff], [0x7c00, 0xfc00, 0x7c01, 0xfe00]],
    ['BF16', [0x3f80, 0xff7f], [0x7f80, 0xff80, 0x7f81, 0xffc0]],
  ])('%s', (dtype, finite, others) => {
    const array = dtype === 'F32' ? Uint32Array : Uint16Array;
    const tensor = (bits: number[]) =>
      new HostTensor(dtype, [bits.length], new Uint8Array(array.from(bits).buffer));
    expect(tensor(finite).isFinite()).toBe(true);
    for (const other of others) expect(tensor([...finite, other, ...finite]).isFinite()).toBe(false);
  });

  test('float64 that float32 cannot hold is not', () => {
    const tensor = (x: number) => new HostTensor('F64', [], new Uint8Array(Float64Array.of(x).buffer));
    expect([1, 3e38, 1e39, NaN].map((x) => tensor(x).isFinite())).toEqual([true, true, false, false]);
  });

  test('integers are, and what has no elements', () => {
    const bytes = new Uint8Array(8).fill(0xff);
    expect(new HostTensor('I64', [1], bytes).isFinite()).toBe(true);
    expect(new HostTensor('F32', [0], new Uint8Array(0)).isFinite()).toBe(true);
  });

  test('says nothing of what lies between the elements', () => {
    const bytes = new Uint8Array(Float32Array.of(1, NaN, 2, NaN).buffer);
    expect(new HostTensor('F32', [2], bytes, [2]).isFinite()).toBe(true);
    expect(new HostTensor('F32', [2], bytes, [1]).isFinite()).toBe(false);
  });
});

test('float32 that lies aligned and in order is a view, also of a Buffer; otherwise the file is left as it is', () => {
  const file = Buffer.from(new Float32Array([0, 1, 2, 3]).buffer);
  const view = new HostTensor('F32', [3], file.subarray(4)).toFloat32();
  expect(view.buffer).toBe(file.buffer);
  // The stride of an axis of one element says nothing.
  const single = new HostTensor('F32', [1, 4, 1], file, [9, 1, 7]).toFloat32();
  expect(single.buffer).toBe(file.buffer);
  const misaligned = Buffer.alloc(17);
  file.copy(misaligned, 1);
  expect(new HostTensor('F32', [4], misaligned.subarray(1)).toFloat32()).toEqual(Float32Array.of(0, 1, 2, 3));
});

test('a wide type is rounded to the nearest float32', () => {
  const bytes = (values: Float64Array | BigInt64Array | BigUint64Array) => new Uint8Array(values.buffer);
  const doubles = Float64Array.of(0.1, 1e39, 1 + 2 ** -24, 5e-324);
  expect([...new HostTensor('F64', [4], bytes(doubles)).toFloat32()]).toEqual([
    Math.fround(0.1),
    Infinity,
    1,
    0,
  ]);
  const integers = BigInt64Array.of(-1n, 2n ** 62n);
  expect([...new HostTensor('I64', [2], bytes(integers)).toFloat32()]).toEqual([-1, 2 ** 62]);
  expect([...new HostTensor('U64', [1], bytes(BigUint64Array.of(2n ** 63n))).toFloat32()]).toEqual([2 ** 63]);
});

test('an error does not quote a file without end', () => {
  expect(new CheckpointError('x'.repeat(1e6)).message).toHaveLength(1001);
});
