import type { RgbImage } from '../image.js';
import { kernelsWith, layOut } from './kernels.js';

/** Bits after the point of a weight. */
export const PRECISION = 22;

/** Which pixels of a line make one pixel of the resized line, and with what weights. */
export interface Window {
  readonly start: number;
  /** Integers, of PRECISION bits after the point. */
  readonly weights: readonly number[];
}

/** Bytes of rows that are resized together: a part of the cache. */
const BAND = 2 ** 18;

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
