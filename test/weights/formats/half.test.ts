import { createHash } from 'node:crypto';
import {
  bfloat16ToFloat32,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
} from '../../../src/weights/formats/half.js';
import { readGolden } from '../../helpers/golden.js';

// Digests of what numpy (half) and PyTorch (bfloat16) give: test/golden/checkpoints.py.
const golden = readGolden<Record<string, string>>('checkpoints/conversions.json');
const every = Uint16Array.from({ length: 0x10000 }, (_, i) => i);

function digest(bits: Uint16Array | Uint32Array): string {
  return createHash('sha256').update(bits).digest('hex');
}

/** The bits with every NaN as one pattern. */
function bitsOf(values: Float32Array): Uint32Array {
  return new Uint32Array(values.buffer).map((bits, i) => (Number.isNaN(values[i]) ? 0xffffffff : bits));
}

/** Every finite value that is not negative, each midpoint to the next, the float32 on both of its sides; and negated. */
function around(values: Float32Array): Float32Array {
  const finite = values.slice(0, 0x8000).filter(Number.isFinite);
  const middle = Float32Array.from(
    { length: finite.length - 1 },
    (_, i) => (finite[i]! + finite[i + 1]!) / 2,
  );
  const moved = (by: number) =>
    new Float32Array(new Uint32Array(middle.buffer).map((bits) => bits + by).buffer);
  const half = [...finite, ...moved(-1), ...middle, ...moved(1)];
  return Float32Array.from([...half, ...half.map((x) => -x)]);
}

test('every half as float32', () => {
  expect(digest(bitsOf(float16ToFloat32(every)))).toBe(golden.float16ToFloat32);
});

test('every bfloat16 as float32', () => {
  expect(digest(bitsOf(bfloat16ToFloat32(every)))).toBe(golden.bfloat16ToFloat32);
});

test('float32 to half, at and around every value and every tie', () => {
  expect(digest(float32ToFloat16(around(float16ToFloat32(every))))).toBe(golden.float32ToFloat16);
});

test('float32 to bfloat16, at and around every value and every tie', () => {
  expect(digest(float32ToBfloat16(around(bfloat16ToFloat32(every))))).toBe(golden.float32ToBfloat16);
});

test.each([
  ['half', float32ToFloat16, [0x7c00, 0xfc00, 0x7c00, 0x7bff]],
  ['bfloat16', float32ToBfloat16, [0x7f80, 0xff80, 0x4780, 0x4780]],
] as const)('infinities, the ends of %s, and NaN', (_, convert, ends) => {
  expect([...convert(Float32Array.of(Infinity, -Infinity, 65520, 65519.996))]).toEqual(ends);
  const back = convert === float32ToFloat16 ? float16ToFloat32 : bfloat16ToFloat32;
  // A NaN whose payload stands in its low bits only must not become infinite.
  const nans = new Float32Array(Uint32Array.of(0x7fc00000, 0x7f800001, 0xffffffff).buffer);
  expect([...back(convert(nans))]).toEqual([NaN, NaN, NaN]);
});
