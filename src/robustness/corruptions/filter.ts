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
  const { width, height, channels, data } = layer;
  const above = Math.max(...taps.map(({ dy }) => Math.abs(dy)));
  const left = Math.max(...taps.map(({ dx }) => Math.abs(dx)));
  const length = width * channels;
  const stride = (width + 2 * left) * channels;
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
  const out = new Float32Array(data.length);
  for (let y = 0; y < height; y += band) {
    const count = Math.min(band, height - y);
    for (let row = 0; row < count + 2 * above; row++) {
      const from = border(y + row - above, height) * length;
      writeRow(rows, row * stride, data.subarray(from, from + length), left, channels, border);
    }
    weigh(at.rows, stride * 4, count, at.taps, taps.length, at.out, length * 4);
    out.set(made.subarray(0, count * length), y * length);
  }
  return { width, height, channels, data: out };
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

/** Writes a row with so many pixels more to the left and to the right. */
function writeRow(
  rows: Float32Array,
  at: number,
  row: Float32Array,
  more: number,
  channels: number,
  border: Border,
): void {
  const width = row.length / channels;
  rows.set(row, at + more * channels);
  for (let x = 0; x < more; x++) {
    const before = border(x - more, width) * channels;
    const after = border(width + x, width) * channels;
    const end = at + more * channels + row.length;
    for (let c = 0; c < channels; c++) {
      rows[at + x * channels + c] = row[before + c]!;
      rows[end + x * channels + c] = row[after + c]!;
    }
  }
}
