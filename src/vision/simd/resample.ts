import { decodeBase64 } from '../../core/base64.js';
import type { RgbImage } from '../image.js';
import { resampleBinary } from './binary.js';

/** Bits after the point of a weight. */
export const PRECISION = 22;

/** Which pixels of a line make one pixel of the resized line, and with what weights. */
export interface Window {
  readonly start: number;
  /** Integers, of PRECISION bits after the point. */
  readonly weights: readonly number[];
}

/** The functions of assembly/resample.ts. */
interface Kernels {
  readonly memory: WebAssembly.Memory;
  across(rows: number, stride: number, count: number, table: number, columns: number, out: number): void;
  down(rows: number, stride: number, length: number, weights: number, taps: number, out: number): void;
}

const PAGE = 65536;

/** Bytes beyond the end of an area of the memory that a kernel may read or write, and more. */
const MARGIN = 64;

/** Bytes of rows that are resized together: a part of the cache. */
const BAND = 2 ** 18;

/** A memory with more bytes than these is not kept for the next picture, since a WebAssembly memory never shrinks. */
const MOST_KEPT = 2 ** 25;

let compiled: WebAssembly.Module | undefined;
let kept: Kernels | undefined;

/** Kernels with a memory of at least so many bytes. */
function kernelsWith(bytes: number): Kernels {
  // Less than 4 KiB, which every browser compiles at once on its main thread.
  compiled ??= new WebAssembly.Module(decodeBase64(resampleBinary));
  const kernels = kept ?? (new WebAssembly.Instance(compiled).exports as unknown as Kernels);
  const missing = bytes - kernels.memory.buffer.byteLength;
  if (missing > 0) kernels.memory.grow(Math.ceil(missing / PAGE));
  kept = bytes > MOST_KEPT ? undefined : kernels;
  return kernels;
}

/**
 * The pixels that the windows make, a row of `columns` for each of `rows`. Between the two directions they are rounded and
 * clipped to bytes.
 * @param downFirst - Whether the rows are made before the columns.
 */
export function resample(
  image: RgbImage,
  columns: readonly Window[],
  rows: readonly Window[],
  downFirst: boolean,
): Uint8Array {
  const [left, top] = [reach(columns), reach(rows)];
  const stride = image.width * 3;
  const inWidth = left.count * 3;
  const outWidth = columns.length * 3;
  const band = downFirst ? top.count : Math.min(top.count, Math.ceil(BAND / stride));
  const table = packColumns(columns, left.first);
  const weights = packRows(rows);
  const { at, end } = layOut({
    table: table.byteLength,
    weights: weights.byteLength,
    source: band * stride,
    lines: downFirst ? rows.length * inWidth : top.count * outWidth,
    out: rows.length * outWidth,
  });
  const { memory, across, down } = kernelsWith(end);
  const bytes = new Uint8Array(memory.buffer);
  bytes.set(table, at.table);
  bytes.set(weights, at.weights);

  const copyRows = (first: number, count: number) => {
    const from = (top.first + first) * stride + left.first * 3;
    bytes.set(image.data.subarray(from, from + (count - 1) * stride + inWidth), at.source);
  };
  const makeRows = (from: number, fromStride: number, width: number, to: number) => {
    let pairs = at.weights;
    rows.forEach(({ start, weights: { length } }, y) => {
      down(from + (start - top.first) * fromStride, fromStride, width, pairs, length, to + y * width);
      pairs += pairsOf(length) * 8;
    });
  };
  if (downFirst) {
    copyRows(0, top.count);
    makeRows(at.source, stride, inWidth, at.lines);
    across(at.lines, inWidth, rows.length, at.table, columns.length, at.out);
  } else {
    for (let y = 0; y < top.count; y += band) {
      const count = Math.min(band, top.count - y);
      copyRows(y, count);
      across(at.source, stride, count, at.table, columns.length, at.lines + y * outWidth);
    }
    makeRows(at.lines, outWidth, outWidth, at.out);
  }
  return bytes.slice(at.out, at.out + rows.length * outWidth);
}

/** The pixels of a line that windows see. */
function reach(windows: readonly Window[]): { first: number; count: number } {
  const first = windows[0]!.start;
  const last = windows.at(-1)!;
  return { first, count: last.start + last.weights.length - first };
}

/** Where areas of so many bytes start, one behind the other with a margin between, and where the last one ends. */
function layOut<Area extends string>(sizes: Record<Area, number>): { at: Record<Area, number>; end: number } {
  const at: Partial<Record<Area, number>> = {};
  let end = 0;
  for (const area of Object.keys(sizes) as Area[]) {
    at[area] = end;
    end += Math.ceil(sizes[area] / 16) * 16 + MARGIN;
  }
  return { at: at as Record<Area, number>, end };
}

function pairsOf(taps: number): number {
  return Math.ceil(taps / 2);
}

/** Writes weights by twos: the high parts of two, then their low parts. What is missing of the last two is 0. */
function packPairs(words: Int16Array, offset: number, weights: readonly number[]): void {
  weights.forEach((weight, k) => {
    const at = offset + (k >> 1) * 4 + (k & 1);
    words[at] = weight >> 15;
    words[at + 2] = weight & 0x7fff;
  });
}

/** The table of columns as `across` reads it. */
function packColumns(columns: readonly Window[], first: number): Uint8Array {
  const groups = columns.map(({ weights }) => Math.ceil(weights.length / 4));
  const words = new Int16Array(groups.reduce((sum, count) => sum + 4 + count * 8, 0));
  const heads = new Int32Array(words.buffer);
  let at = 0;
  columns.forEach(({ start, weights }, x) => {
    heads[at / 2] = (start - first) * 3;
    heads[at / 2 + 1] = groups[x]!;
    packPairs(words, at + 4, weights);
    at += 4 + groups[x]! * 8;
  });
  return new Uint8Array(words.buffer);
}

/** The weights of rows as `down` reads them, those of one row after those of another. */
function packRows(rows: readonly Window[]): Uint8Array {
  const words = new Int16Array(rows.reduce((sum, { weights }) => sum + pairsOf(weights.length) * 4, 0));
  let at = 0;
  for (const { weights } of rows) {
    packPairs(words, at, weights);
    at += pairsOf(weights.length) * 4;
  }
  return new Uint8Array(words.buffer);
}
