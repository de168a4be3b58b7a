// Convolution and matrix product as an indirect product: rows of the input are found through a table of addresses, so
// that nothing is copied. The method of Dukhan 2019, "The Indirect Convolution Algorithm", arXiv 1907.02129.

import { activate } from './activations';
import { arg, ptr, real } from './memory-map';
import { pairTile, STREAM, tile } from './tile';

/** Floats of a stretch of four rows of the input that stay in the first cache (32 KiB) while panels go by. */
const DEPTH: i32 = 2048;

/** Bytes of the scratch that holds one tile. */
const TILE_BYTES: usize = 128;

/**
 * One block of rows by columns of a convolution. A row is a pixel of a grid [batch, gridHeight, gridWidth]; it reads
 * the input at grid * stride + tap and is written to the output at grid * step + origin. A tap is a stretch of `run`
 * floats from the pixel on; outside the image it is zeros. Backpropagation to the input of a strided convolution is
 * one job for each phase of the stride.
 *
 * Of a convolution of several groups, each has `groupColumns` columns, a multiple of four, and its stretch starts `run`
 * floats behind that of the group before.
 *
 * Each value of the output is summed by one chunk, in an order that does not depend on the number of threads.
 */
export function convolve(chunk: i32, thread: i32): void {
  const activation = arg(7);
  const total = arg(8) * arg(9) * arg(10);
  const filters = arg(19);
  const rowsPerChunk = arg(26);
  const panelsPerChunk = arg(27);
  const workspace = ptr(29) + <usize>thread * ptr(30);

  const panels = (filters + 7) >> 3;
  const parts = (panels + panelsPerChunk - 1) / panelsPerChunk;
  const firstPanel = (chunk % parts) * panelsPerChunk;
  const endPanel = min(firstPanel + panelsPerChunk, panels);
  const firstRow = (chunk / parts) * rowsPerChunk;
  const rows = min(rowsPerChunk, total - firstRow);

  // The workspace: a tile, a row for what lies beyond the last pixel, then the table.
  const spareRow = workspace + TILE_BYTES + 32;
  const table = spareRow + ((<usize>filters * 4 + 63) & ~63);
  fillTable(table, spareRow, firstRow, rows);
  const fullPanels = min(endPanel, filters >> 3);
  multiplyPanels(table, rows, firstPanel, fullPanels);
  if (fullPanels < endPanel) multiplyLastPanel(workspace, table, rows);
  if (activation != 0) {
    const column = <usize>firstPanel << 5;
    const count = min(endPanel << 3, filters) - (firstPanel << 3);
    const entry = entryBytes();
    for (let i = 0; i < rows; i++) {
      const to = <usize>load<u32>(table + <usize>(i >> 2) * entry + (<usize>(i & 3) << 2)) + column;
      activate(activation, to, to, count);
    }
  }
}

/** Bytes of the table's entry of four rows: where they are written, their residuals, and the input of each tap. */
// @ts-ignore: decorator
@inline
function entryBytes(): usize {
  return 32 + (<usize>arg(16) << 4);
}

/** Writes the addresses of `count` rows from `firstRow` on; those that fill the last four up go to the spare row. */
function fillTable(table: usize, spareRow: usize, firstRow: i32, count: i32): void {
  const input = ptr(0);
  const output = ptr(2);
  const residual = ptr(4);
  const gridHeight = arg(9);
  const gridWidth = arg(10);
  const strideY = arg(11);
  const strideX = arg(12);
  const height = arg(13);
  const width = arg(14);
  const pitch = arg(15); // floats from one input pixel to the next
  const taps = arg(16);
  const tapOffsets = ptr(17); // pairs (y, x)
  const filters = arg(19);
  const outHeight = arg(20);
  const outWidth = arg(21);
  const stepY = arg(22);
  const stepX = arg(23);
  const originY = arg(24);
  const originX = arg(25);
  const zeros = ptr(28);
  const entry = entryBytes();
  for (let i = 0; i < ((count + 3) & ~3); i++) {
    const row = firstRow + min(i, count - 1);
    const x = row % gridWidth;
    const y = (row / gridWidth) % gridHeight;
    const n = row / (gridWidth * gridHeight);
    const at = table + <usize>(i >> 2) * entry + (<usize>(i & 3) << 2);
    const pixel = (n * outHeight + y * stepY + originY) * outWidth + x * stepX + originX;
    const offset = <usize>pixel * <usize>filters * 4;
    store<u32>(at, <u32>(i < count ? output + offset : spareRow));
    store<u32>(at, <u32>(residual + offset), 16);
    for (let t = 0; t < taps; t++) {
      const inY = y * strideY + load<i32>(tapOffsets + (<usize>t << 3));
      const inX = x * strideX + load<i32>(tapOffsets + (<usize>t << 3), 4);
      const inside = <u32>inY < <u32>height && <u32>inX < <u32>width;
      const address = input + <usize>((n * height + inY) * width + inX) * <usize>pitch * 4;
      store<u32>(at + 32 + (<usize>t << 4), <u32>(inside ? address : zeros));
    }
  }
}

/** Multiplies the table's rows by panels of eight columns, in blocks of taps and channels that stay in the caches. */
function multiplyPanels(table: usize, rows: i32, firstPanel: i32, endPanel: i32): void {
  const packed = ptr(1);
  const bias = ptr(3);
  const taps = arg(16);
  const run = arg(18);
  const zeros = ptr(28);
  const oneGroup = arg(31) >= arg(19);
  const panelBytes = <usize>(taps * run) * 32;
  // A matrix that stays in the second cache as a whole goes panel by panel, each in the first cache while rows go by.
  const small = <usize>((arg(19) + 7) >> 3) * panelBytes <= STREAM;
  // Blocks of several whole taps, or of a part of one, at most about DEPTH deep.
  const parts = (run + DEPTH - 1) / DEPTH;
  const part = (((run + parts - 1) / parts) + 3) & ~3;
  const tapsPerBlock = parts > 1 ? 1 : max(1, DEPTH / run);
  const quads = (rows + 3) >> 2;
  const entry = entryBytes();
  for (let t = 0; t < taps; t += tapsPerBlock) {
    const blockTaps = min(tapsPerBlock, taps - t);
    for (let k = 0; k < run; k += part) {
      const blockRun = min(part, run - k);
      const isFirst = t == 0 && k == 0;
      const isLast = t + blockTaps == taps && k + blockRun == run;
      const add = isLast && ptr(4) != 0;
      const low = isLast ? real(5) : -Infinity;
      const high = isLast ? real(6) : Infinity;
      const offset = <usize>k << 2;
      const group = small ? 1 : max(1, <i32>(STREAM / (<usize>(blockTaps * blockRun) << 5)));
      for (let first = firstPanel; first < endPanel; first += group) {
        const end = min(first + group, endPanel);
        for (let quad = 0; quad < quads; quad++) {
          const at = table + <usize>quad * entry;
          const inputs = at + 32 + (<usize>t << 4);
          for (let panel = first; panel < end; panel++) {
            const column = <usize>panel << 5;
            const b = packed + <usize>panel * panelBytes + <usize>(t * run + k) * 32;
            const start = isFirst ? (bias ? bias + column : zeros) : 0;
            if (oneGroup) tile(at, inputs, blockTaps, offset, blockRun, b, column, start, add, low, high);
            else groupTile(at, inputs, blockTaps, offset, blockRun, b, panel, column, start, add, low, high);
          }
        }
      }
    }
  }
}

/** A tile of the columns of one group or of two. */
function groupTile(
  rows: usize, inputs: usize, taps: i32, inputOffset: usize, run: i32, b: usize, panel: i32, column: usize,
  start: usize, residual: bool, low: f32, high: f32,
): void {
  const groupColumns = arg(31);
  const stretch = ptr(18) << 2;
  const group = (panel << 3) / groupColumns;
  const from = inputOffset + <usize>group * stretch;
  if (min((panel << 3) + 4, arg(19) - 1) / groupColumns == group) {
    tile(rows, inputs, taps, from, run, b, column, start, residual, low, high);
  } else {
    pairTile(rows, inputs, taps, from, stretch, run, b, column, start, residual, low, high);
  }
}

/** The last filters, fewer than eight: into the scratch tile, and from there one by one. */
function multiplyLastPanel(workspace: usize, table: usize, rows: i32): void {
  const bias = ptr(3);
  const residual = ptr(4);
  const low = real(5);
  const high = real(6);
  const taps = arg(16);
  const run = arg(18);
  const panel = arg(19) >> 3;
  const column = <usize>panel << 5;
  const scratchRows = workspace + TILE_BYTES;
  for (let r: usize = 0; r < 4; r++) store<u32>(scratchRows + (r << 2), <u32>(workspace + (r << 5)));
  const b = ptr(1) + <usize>panel * <usize>(taps * run) * 32;
  const start = bias ? bias + column : ptr(28);
  const left = arg(19) & 7;
  const entry = entryBytes();
  for (let first = 0; first < rows; first += 4) {
    const at = table + <usize>(first >> 2) * entry;
    groupTile(scratchRows, at + 32, taps, 0, run, b, panel, 0, start, false, -Infinity, Infinity);
    for (let r = 0; r < min(4, rows - first); r++) {
      const from = workspace + (<usize>r << 5);
      const to = <usize>load<u32>(at + (<usize>r << 2)) + column;
      const add = <usize>load<u32>(at + (<usize>r << 2), 16) + column;
      for (let f = 0; f < left; f++) {
        const o = <usize>f << 2;
        let value = load<f32>(from + o);
        if (residual) value += load<f32>(add + o);
        if (value < low) value = low;
        if (value > high) value = high;
        store<f32>(to + o, value);
      }
    }
  }
}

/**
 * Packs a matrix [taps, depth, columns] into panels of 8 columns, [columns / 8, taps, depth, 8], the last one filled
 * with zeros. The matrix is read at tap * tapStep + depth * depthStep + column * columnStep, so that the same job packs
 * a kernel, and the transposed and flipped one that backpropagation wants. `order` lists the taps. A chunk is a panel.
 */
export function pack(chunk: i32, _thread: i32): void {
  const matrix = ptr(0);
  const packed = ptr(1);
  const taps = arg(2);
  const order = ptr(3);
  const depth = arg(4);
  const columns = arg(5);
  const tapStep = ptr(6) << 2;
  const depthStep = ptr(7) << 2;
  const columnStep = ptr(8) << 2;
  const first = chunk << 3;
  const count = min(8, columns - first);
  let to = packed + <usize>chunk * <usize>(taps * depth) * 32;
  for (let t = 0; t < taps; t++) {
    const tap = load<u32>(order + (<usize>t << 2));
    const from = matrix + <usize>tap * tapStep + <usize>first * columnStep;
    if (count == 8 && columnStep == 4) {
      for (let d = 0; d < depth; d++) {
        const at = from + <usize>d * depthStep;
        v128.store(to, v128.load(at));
        v128.store(to, v128.load(at, 16), 16);
        to += 32;
      }
      continue;
    }
    if (count == 8 && depthStep == 4) {
      // Rows of the source become columns: eight streams.
      for (let d = 0; d < depth; d++) {
        let at = from + (<usize>d << 2);
        for (let c = 0; c < 8; c++) {
          store<f32>(to + (<usize>c << 2), load<f32>(at));
          at += columnStep;
        }
        to += 32;
      }
      continue;
    }
    for (let d = 0; d < depth; d++) {
      const at = from + <usize>d * depthStep;
      for (let c = 0; c < 8; c++) {
        store<f32>(to + (<usize>c << 2), c < count ? load<f32>(at + <usize>c * columnStep) : 0);
      }
      to += 32;
    }
  }
}
