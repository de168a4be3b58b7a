import { kernelsWith, layOut } from '../../vision/simd/kernels.js';
import type { Layer } from './pixels.js';

/** Bytes of rows that are made together: a part of the cache. */
const BAND = 2 ** 20;

/** Between which two pixels of a line each pixel of the larger line is. */
interface Line {
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Of the higher one. */
  readonly share: Float32Array;
}

/** The middle of a layer, enlarged by straight lines between pixels, so that it is at least as large as the layer was. */
export function zoomed(layer: Layer, factor: number): Layer {
  return sumOfZooms(layer, [factor], largerSize(layer.width, factor), largerSize(layer.height, factor));
}

/**
 * The sum of the middles of a layer, each enlarged by one of the factors.
 * @param width - Of the result, which is the top left part, in pixels.
 * @param height - Of the result, in pixels.
 */
export function sumOfZooms(layer: Layer, factors: readonly number[], width: number, height: number): Layer {
  const { channels } = layer;
  const zooms = factors.map((factor) => ({
    columns: lineOf(layer.width, factor, width),
    rows: lineOf(layer.height, factor, height),
  }));
  const length = width * channels;
  const data = new Float32Array(length * height);
  const band = Math.ceil(BAND / (4 * length));
  for (let y = 0; y < height; y += band) {
    const end = Math.min(height, y + band);
    const parts = zooms.map(({ columns, rows }) => ({ columns, rows: partOf(rows, y, end) }));
    addZooms(layer, parts, data.subarray(y * length, end * length));
  }
  return { width, height, channels, data };
}

/** Adds some rows of the zooms of a layer to `sums`. */
function addZooms(
  { width, channels, data }: Layer,
  zooms: readonly { columns: Line; rows: Line }[],
  sums: Float32Array,
): void {
  const [{ columns, rows }] = zooms as [(typeof zooms)[0]];
  const [outWidth, outHeight] = [columns.low.length, rows.low.length];
  const first = Math.min(...zooms.map(({ rows }) => rows.low[0]!));
  const last = Math.max(...zooms.map(({ rows }) => rows.high.at(-1)!));
  const pixel = channels * 4;
  const stride = width * pixel;
  const outStride = Math.ceil((outWidth * pixel) / 16) * 16;
  const { at, end } = layOut({
    columns: outWidth * 16,
    rows: outHeight * 16,
    source: (last + 1 - first) * stride,
    wide: (last + 1 - first) * outStride,
    out: outHeight * outStride,
  });
  const { memory, widen, addRows } = kernelsWith(end);
  const source = data.subarray(first * width * channels, (last + 1) * width * channels);
  new Float32Array(memory.buffer, at.source).set(source);
  const out = new Float32Array(memory.buffer, at.out, (outHeight * outStride) / 4).fill(0);
  for (const { columns, rows } of zooms) {
    const [top, bottom] = [rows.low[0]!, rows.high.at(-1)!];
    writeLine(memory, at.columns, columns, 0, pixel);
    writeLine(memory, at.rows, rows, top, outStride);
    const from = at.source + (top - first) * stride;
    widen(from, stride, bottom + 1 - top, at.columns, outWidth, pixel, at.wide, outStride);
    addRows(at.wide, at.rows, outHeight, at.out, outStride);
  }
  for (let y = 0; y < outHeight; y++) {
    const from = (y * outStride) / 4;
    sums.set(out.subarray(from, from + outWidth * channels), y * outWidth * channels);
  }
}

/** How large a line gets. */
function largerSize(size: number, factor: number): number {
  return Math.round(Math.ceil(size / factor) * factor);
}

/** The first `count` pixels of an enlarged line. */
function lineOf(size: number, factor: number, count: number): Line {
  const length = Math.ceil(size / factor);
  const start = Math.floor((size - length) / 2);
  const last = largerSize(size, factor) - 1;
  const step = last > 0 ? (length - 1) / last : 0;
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const share = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const place = Math.min(i * step, length - 1);
    const whole = Math.floor(place);
    low[i] = start + whole;
    high[i] = start + Math.min(whole + 1, length - 1);
    share[i] = place - whole;
  }
  return { low, high, share };
}

function partOf({ low, high, share }: Line, start: number, end: number): Line {
  return {
    low: low.subarray(start, end),
    high: high.subarray(start, end),
    share: share.subarray(start, end),
  };
}

/** Writes a line as the kernels read it: for each pixel how many bytes its two are after the `first`, and the share of the second. */
function writeLine(
  memory: WebAssembly.Memory,
  at: number,
  { low, high, share }: Line,
  first: number,
  size: number,
): void {
  const places = new Int32Array(memory.buffer, at, low.length * 4);
  const shares = new Float32Array(memory.buffer, at, low.length * 4);
  for (let i = 0; i < low.length; i++) {
    places[4 * i] = (low[i]! - first) * size;
    places[4 * i + 1] = (high[i]! - first) * size;
    shares[4 * i + 2] = share[i]!;
  }
}
