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
  const a0 = block[at]!;
  const a1 = block[at + step]!;
  const a2 = block[at + 2 * step]!;
  const a3 = block[at + 3 * step]!;
  const a4 = block[at + 4 * step]!;
  const a5 = block[at + 5 * step]!;
  const a6 = block[at + 6 * step]!;
  const a7 = block[at + 7 * step]!;
  const d0 = a0 - a7;
  const d1 = a1 - a6;
  const d2 = a2 - a5;
  const d3 = a3 - a4;
  const even = a0 + a7 + a3 + a4;
  const odd = a1 + a6 + a2 + a5;
  const low = a0 + a7 - a3 - a4;
  const high = a1 + a6 - a2 - a5;
  const half = 1 << (shift - 1);
  const turned = (low + high) * F0541 + half;
  const z5 = (d3 + d1 + d2 + d0) * F1175 + half;
  const z1 = (d3 + d0) * F0899;
  const z2 = (d2 + d1) * F2562;
  const z3 = z5 - (d3 + d1) * F1961;
  const z4 = z5 - (d2 + d0) * F0390;
  block[at] = (((even + odd) << 13) + half) >> shift;
  block[at + step] = (d0 * F1501 - z1 + z4) >> shift;
  block[at + 2 * step] = (turned + low * F0765) >> shift;
  block[at + 3 * step] = (d1 * F3072 - z2 + z3) >> shift;
  block[at + 4 * step] = (((even - odd) << 13) + half) >> shift;
  block[at + 5 * step] = (d2 * F2053 - z2 + z4) >> shift;
  block[at + 6 * step] = (turned - high * F1847) >> shift;
  block[at + 7 * step] = (d3 * F0298 - z1 + z3) >> shift;
}

function inverseLine(block: Int32Array, at: number, step: number, shift: number): void {
  const c0 = block[at]!;
  const c1 = block[at + step]!;
  const c2 = block[at + 2 * step]!;
  const c3 = block[at + 3 * step]!;
  const c4 = block[at + 4 * step]!;
  const c5 = block[at + 5 * step]!;
  const c6 = block[at + 6 * step]!;
  const c7 = block[at + 7 * step]!;
  const half = 1 << (shift - 1);
  const turned = (c2 + c6) * F0541;
  const e2 = turned - c6 * F1847;
  const e3 = turned + c2 * F0765;
  const e0 = ((c0 + c4) << 13) + half;
  const e1 = ((c0 - c4) << 13) + half;
  const z5 = (c7 + c3 + c5 + c1) * F1175;
  const z1 = (c7 + c1) * F0899;
  const z2 = (c5 + c3) * F2562;
  const z3 = z5 - (c7 + c3) * F1961;
  const z4 = z5 - (c5 + c1) * F0390;
  const o0 = c1 * F1501 - z1 + z4;
  const o1 = c3 * F3072 - z2 + z3;
  const o2 = c5 * F2053 - z2 + z4;
  const o3 = c7 * F0298 - z1 + z3;
  block[at] = (e0 + e3 + o0) >> shift;
  block[at + step] = (e1 + e2 + o1) >> shift;
  block[at + 2 * step] = (e1 - e2 + o2) >> shift;
  block[at + 3 * step] = (e0 - e3 + o3) >> shift;
  block[at + 4 * step] = (e0 - e3 - o3) >> shift;
  block[at + 5 * step] = (e1 - e2 - o2) >> shift;
  block[at + 6 * step] = (e1 + e2 - o1) >> shift;
  block[at + 7 * step] = (e0 + e3 - o0) >> shift;
}
