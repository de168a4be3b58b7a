/**
 * The cosine transform of blocks of 8 x 8 and its inverse in whole numbers of 13 bits after the point, step by step as libjpeg's
 * "islow" (Loeffler, Ligtenberg and Moschytz 1989), since its rounding decides on the bytes of JPEG images.
 */
const [F0298, F0390, F0541, F0765, F0899, F1175] = [2446, 3196, 4433, 6270, 7373, 9633] as const;
const [F1501, F1847, F1961, F2053, F2562, F3072] = [12299, 15137, 16069, 16819, 20995, 25172] as const;

/** To the coefficients, in place; 8 times as large as of the orthonormal transform. */
export function forwardDct(block: Int32Array): void {
  for (let i = 0; i < 8; i++) forwardLine(block, 8 * i, 1, 11);
  for (let i = 0; i < 8; i++) forwardLine(block, i, 8, 15);
}

/** From the coefficients, in place. */
export function inverseDct(block: Int32Array): void {
  for (let i = 0; i < 8; i++) inverseLine(block, i, 8, 11);
  for (let i = 0; i < 8; i++) inverseLine(block, 8 * i, 1, 18);
}

function forwardLine(block: Int32Array, at: number, step: number, shift: number): void {
  const half = 1 << (shift - 1);
  const put = (place: number, value: number) => (block[at + place * step] = (value + half) >> shift);
  const sum = (place: number) => block[at + place * step]! + block[at + (7 - place) * step]!;
  const difference = (place: number) => block[at + place * step]! - block[at + (7 - place) * step]!;
  const s0 = sum(0);
  const s1 = sum(1);
  const s2 = sum(2);
  const s3 = sum(3);
  const d0 = difference(0);
  const d1 = difference(1);
  const d2 = difference(2);
  const d3 = difference(3);
  const even = s0 + s3;
  const odd = s1 + s2;
  const low = s0 - s3;
  const high = s1 - s2;
  const turned = (low + high) * F0541;
  put(0, (even + odd) << 13);
  put(4, (even - odd) << 13);
  put(2, turned + low * F0765);
  put(6, turned - high * F1847);
  const z5 = (d3 + d1 + d2 + d0) * F1175;
  const z1 = -(d3 + d0) * F0899;
  const z2 = -(d2 + d1) * F2562;
  const z3 = z5 - (d3 + d1) * F1961;
  const z4 = z5 - (d2 + d0) * F0390;
  put(7, d3 * F0298 + z1 + z3);
  put(5, d2 * F2053 + z2 + z4);
  put(3, d1 * F3072 + z2 + z3);
  put(1, d0 * F1501 + z1 + z4);
}

function inverseLine(block: Int32Array, at: number, step: number, shift: number): void {
  const half = 1 << (shift - 1);
  const c0 = block[at]!;
  const c1 = block[at + step]!;
  const c2 = block[at + 2 * step]!;
  const c3 = block[at + 3 * step]!;
  const c4 = block[at + 4 * step]!;
  const c5 = block[at + 5 * step]!;
  const c6 = block[at + 6 * step]!;
  const c7 = block[at + 7 * step]!;
  const put = (place: number, even: number, odd: number) => {
    block[at + place * step] = (even + odd + half) >> shift;
    block[at + (7 - place) * step] = (even - odd + half) >> shift;
  };
  const turned = (c2 + c6) * F0541;
  const e2 = turned - c6 * F1847;
  const e3 = turned + c2 * F0765;
  const e0 = (c0 + c4) << 13;
  const e1 = (c0 - c4) << 13;
  const z5 = (c7 + c3 + c5 + c1) * F1175;
  const z1 = -(c7 + c1) * F0899;
  const z2 = -(c5 + c3) * F2562;
  const z3 = z5 - (c7 + c3) * F1961;
  const z4 = z5 - (c5 + c1) * F0390;
  put(0, e0 + e3, c1 * F1501 + z1 + z4);
  put(1, e1 + e2, c3 * F3072 + z2 + z3);
  put(2, e1 - e2, c5 * F2053 + z2 + z4);
  put(3, e0 - e3, c7 * F0298 + z1 + z3);
}
