/** One channel of bytes, rows from the top. */
interface Grey {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

const TANGENT = 13573;

/** 1 at the edges of a picture, 0 elsewhere: Canny 1986, with whole numbers as in OpenCV. */
export function edges(grey: Grey, low: number, high: number): Uint8Array {
  const { width, height } = grey;
  // With a border of one pixel, where there is no ridge.
  const stride = width + 2;
  const { dx, dy, size } = slopes(grey);
  const isRidge = new Uint8Array(size.length);
  const found = new Uint8Array(size.length);
  const stack: number[] = [];
  for (let y = 1; y <= height; y++) {
    for (let i = y * stride + 1; i <= y * stride + width; i++) {
      if (size[i]! <= low || !isHighest(size, i, stride, dx[i]!, dy[i]!)) continue;
      isRidge[i] = 1;
      if (size[i]! > high) stack.push(i);
    }
  }
  for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
    if (found[i]) continue;
    found[i] = 1;
    for (let row = i - stride; row <= i + stride; row += stride) {
      for (let near = row - 1; near <= row + 1; near++) if (isRidge[near] && !found[near]) stack.push(near);
    }
  }
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const from = (y + 1) * stride + 1;
    out.set(found.subarray(from, from + width), y * width);
  }
  return out;
}

/** How a picture rises to the right and down, and the sum of both sizes; with a border of one pixel, where nothing rises. */
function slopes({ width, height, data }: Grey) {
  const length = (width + 2) * (height + 2);
  const dx = new Int32Array(length);
  const dy = new Int32Array(length);
  const size = new Int32Array(length);
  for (let y = 0; y < height; y++) {
    const here = y * width;
    const above = Math.max(0, y - 1) * width;
    const below = Math.min(height - 1, y + 1) * width;
    for (let x = 0, i = (y + 1) * (width + 2) + 1; x < width; x++, i++) {
      const left = Math.max(0, x - 1);
      const right = Math.min(width - 1, x + 1);
      // The corners count once in both directions.
      const falling = data[below + right]! - data[above + left]!;
      const rising = data[above + right]! - data[below + left]!;
      dx[i] = falling + rising + 2 * (data[here + right]! - data[here + left]!);
      dy[i] = falling - rising + 2 * (data[below + x]! - data[above + x]!);
      size[i] = Math.abs(dx[i]!) + Math.abs(dy[i]!);
    }
  }
  return { dx, dy, size };
}

/** Whether the slope is steeper here than at both neighbours in its direction. */
function isHighest(size: Int32Array, i: number, stride: number, dx: number, dy: number): boolean {
  const here = size[i]!;
  const across = Math.abs(dx) * TANGENT;
  const down = Math.abs(dy) * 32768;
  if (down < across) return here > size[i - 1]! && here >= size[i + 1]!;
  if (down > across + Math.abs(dx) * 65536) return here > size[i - stride]! && here >= size[i + stride]!;
  const diagonal = (dx ^ dy) < 0 ? stride - 1 : stride + 1;
  return here > size[i - diagonal]! && here > size[i + diagonal]!;
}
