import type { Layer } from './pixels.js';

/** The middle of a layer, enlarged by straight lines between pixels, so that it is at least as large as the layer was. */
export function zoomed(layer: Layer, factor: number): Layer {
  const columns = lineOf(layer.width, factor);
  const rows = lineOf(layer.height, factor);
  const wide = widened(layer, rows, columns);
  const width = columns.low.length;
  const height = rows.low.length;
  const { channels } = layer;
  const stride = width * channels;
  const data = new Float32Array(stride * height);
  for (let y = 0, to = 0; y < height; y++) {
    const upper = rows.low[y]! * stride;
    const lower = rows.high[y]! * stride;
    const share = rows.share[y]!;
    for (let i = 0; i < stride; i++, to++) {
      data[to] = wide[upper + i]! * (1 - share) + wide[lower + i]! * share;
    }
  }
  return { width, height, channels, data };
}

/** The middle of a layer, its rows enlarged. */
function widened(
  { width, channels, data }: Layer,
  rows: Line,
  { start, low, high, share }: Line,
): Float64Array {
  const out = new Float64Array(rows.length * low.length * channels);
  for (let y = 0, to = 0; y < rows.length; y++) {
    const from = ((rows.start + y) * width + start) * channels;
    for (let x = 0; x < low.length; x++) {
      const left = from + low[x]! * channels;
      const right = from + high[x]! * channels;
      const part = share[x]!;
      for (let c = 0; c < channels; c++, to++) {
        out[to] = data[left + c]! * (1 - part) + data[right + c]! * part;
      }
    }
  }
  return out;
}

/** The part of a line that is enlarged, and between which two of its pixels each of the larger line is. */
interface Line {
  readonly start: number;
  readonly length: number;
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Of the higher one. */
  readonly share: Float64Array;
}

function lineOf(size: number, factor: number): Line {
  const length = Math.ceil(size / factor);
  const start = Math.floor((size - length) / 2);
  const count = Math.round(length * factor);
  const step = count > 1 ? (length - 1) / (count - 1) : 0;
  const places = Array.from({ length: count }, (_, i) => Math.min(i * step, length - 1));
  const low = Int32Array.from(places, Math.floor);
  const high = low.map((place) => Math.min(place + 1, length - 1));
  return { start, length, low, high, share: Float64Array.from(places, (place, i) => place - low[i]!) };
}
