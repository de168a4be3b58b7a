import fc from 'fast-check';
import { CheckpointError, HostTensor } from '../../src/weights/checkpoint.js';

test('strided tensors of any shape, offset and alignment equal the definition', () => {
  const axis = fc.record({ size: fc.integer({ min: 0, max: 4 }), stride: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(
      fc.array(axis, { maxLength: 4 }),
      fc.constantFrom('F64', 'F32', 'I16', 'I64', 'U8'),
      fc.integer({ min: 0, max: 7 }),
      (axes, dtype, shift) => {
        const shape = axes.map(({ size }) => size);
        const strides = axes.map(({ stride }) => stride);
        const numbers = Array.from({ length: 200 }, (_, i) => i);
        const stored = {
          F64: Float64Array.from(numbers),
          F32: Float32Array.from(numbers),
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
