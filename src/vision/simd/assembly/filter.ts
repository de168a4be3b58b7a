/**
 * Filters `count` rows of 32-bit floats: each value of the output is a sum of values of the input, times weights. `taps` holds for each
 * of `tapCount` how many bytes its value is further on in the input, and its weight. `length` and `stride` are in bytes.
 * Reads and writes up to 60 bytes beyond the end.
 */
export function weigh(
  rows: usize,
  stride: usize,
  count: i32,
  taps: usize,
  tapCount: usize,
  out: usize,
  length: usize,
): void {
  const end = taps + (tapCount << 3);
  for (let y = 0; y < count; y++) {
    for (let i: usize = 0; i < length; i += 64) {
      let sum0 = f32x4.splat(0);
      let sum1 = sum0;
      let sum2 = sum0;
      let sum3 = sum0;
      for (let at = taps; at < end; at += 8) {
        const from = rows + i + <usize>load<u32>(at);
        const weight = v128.load32_splat(at, 4);
        sum0 = f32x4.add(sum0, f32x4.mul(weight, v128.load(from)));
        sum1 = f32x4.add(sum1, f32x4.mul(weight, v128.load(from, 16)));
        sum2 = f32x4.add(sum2, f32x4.mul(weight, v128.load(from, 32)));
        sum3 = f32x4.add(sum3, f32x4.mul(weight, v128.load(from, 48)));
      }
      v128.store(out + i, sum0);
      v128.store(out + i, sum1, 16);
      v128.store(out + i, sum2, 32);
      v128.store(out + i, sum3, 48);
    }
    rows += stride;
    out += length;
  }
}

/**
 * Enlarges `count` rows of 32-bit floats. `line` holds for each of `columns` pixels how many bytes the two pixels that it lies between
 * are further on in the row, and the share of the second. `pixel` is the bytes of one, at most 16.
 * Reads and writes up to 12 bytes beyond the end.
 */
export function widen(
  rows: usize,
  stride: usize,
  count: i32,
  line: usize,
  columns: usize,
  pixel: usize,
  out: usize,
  outStride: usize,
): void {
  const end = line + (columns << 4);
  for (let y = 0; y < count; y++) {
    let to = out;
    for (let at = line; at < end; at += 16) {
      const first = v128.load(rows + <usize>load<u32>(at));
      const second = v128.load(rows + <usize>load<u32>(at, 4));
      v128.store(to, between(first, second, v128.load32_splat(at, 8)));
      to += pixel;
    }
    rows += stride;
    out += outStride;
  }
}

/**
 * Adds rows to `count` rows of `out`. `line` holds for each of these how many bytes the two rows that it lies between are further on, and the
 * share of the second. `stride` is in bytes and a multiple of 16.
 */
export function addRows(rows: usize, line: usize, count: i32, out: usize, stride: usize): void {
  for (let y = 0; y < count; y++) {
    const first = rows + <usize>load<u32>(line);
    const second = rows + <usize>load<u32>(line, 4);
    const share = v128.load32_splat(line, 8);
    for (let i: usize = 0; i < stride; i += 16) {
      const row = between(v128.load(first + i), v128.load(second + i), share);
      v128.store(out + i, f32x4.add(v128.load(out + i), row));
    }
    line += 16;
    out += stride;
  }
}

// @ts-ignore: decorator
@inline
function between(first: v128, second: v128, share: v128): v128 {
  return f32x4.add(first, f32x4.mul(share, f32x4.sub(second, first)));
}
