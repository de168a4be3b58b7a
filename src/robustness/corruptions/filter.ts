import { kernelsWith, layOut } from '../../vision/simd/kernels.js';
import type { Border } from './border.js';
import type { Layer } from './pixels.js';

/** A value that a filter takes: how many pixels it is further right and down, and its weight. */
export interface Tap {
  readonly dx: number;
  readonly dy: number;
  readonly weight: number;
}

/** Bytes of rows that are filtered together: a part of the cache. */
const BAND = 2 ** 20;

/** A layer through a filter: each value is the sum of the taps' values, times their weights. */
export function filtered(layer: Layer, taps: readonly Tap[], border: Border): Layer {
  const { width, height, channels } = layer;
  const above = Math.max(...taps.map(({ dy }) => Math.abs(dy)));
  const left = Math.max(...taps.map(({ dx }) => Math.abs(dx)));
  const xs = placesOf(width, left, border);
  const ys = placesOf(height, above, border);
  const length = width * channels;
  const stride = xs.length * channels;
  const band = Math.min(height, Math.ceil(BAND / (4 * stride)));
  const { at, end } = layOut({
    taps: taps.length * 8,
    rows: (band + 2 * above) * stride * 4,
    out: band * length * 4,
  });
  const { memory, weigh } = kernelsWith(end);
  writeTaps(memory, at.taps, taps, ({ dx, dy }) => ((dy + above) * stride + (dx + left) * channels) * 4);
  const rows = new Float32Array(memory.buffer, at.rows);
  const made = new Float32Array(memory.buffer, at.out);
  const out = new Float32Array(height * length);
  for (let y = 0; y < height; y += band) {
    const count = Math.min(band, height - y);
    writeRows(rows, layer, xs, ys.subarray(y, y + count + 2 * above));
    weigh(at.rows, stride * 4, count, at.taps, taps.length, at.out, length * 4);
    out.set(made.subarray(0, count * length), y * length);
  }
  return { width, height, channels, data: out };
}

/** Which places of a line stand for those from `more` before it to `more` after it. */
function placesOf(length: number, more: number, border: Border): Int32Array {
  return Int32Array.from({ length: length + 2 * more }, (_, i) => border(i - more, length));
}

function writeTaps(
  memory: WebAssembly.Memory,
  at: number,
  taps: readonly Tap[],
  place: (tap: Tap) => number,
): void {
  const places = new Int32Array(memory.buffer, at, taps.length * 2);
  const weights = new Float32Array(memory.buffer, at, taps.length * 2);
  taps.forEach((tap, k) => {
    places[2 * k] = place(tap);
    weights[2 * k + 1] = tap.weight;
  });
}

/** Writes the rows `ys` of a layer with the pixels `xs`, which are all of a row and some beyond both borders. */
function writeRows(
  rows: Float32Array,
  { width, channels, data }: Layer,
  xs: Int32Array,
  ys: Int32Array,
): void {
  const left = (xs.length - width) / 2;
  for (let row = 0; row < ys.length; row++) {
    const from = ys[row]! * width * channels;
    const to = row * xs.length * channels;
    rows.set(data.subarray(from, from + width * channels), to + left * channels);
    for (let k = 0; k < 2 * left; k++) {
      const x = k < left ? k : k + width;
      for (let c = 0; c < channels; c++) rows[to + x * channels + c] = data[from + xs[x]! * channels + c]!;
    }
  }
}
