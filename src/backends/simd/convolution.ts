import type { SimdBackend } from './backend.js';
import {
  CONVOLVE,
  PACK,
  WINOGRAD,
  WINOGRAD_FILTER,
  WINOGRAD_FILTER_OUTPUT,
  WINOGRAD_FILTER_PRODUCT,
  WINOGRAD_FILTER_TRANSFORM,
  WINOGRAD_INPUT,
  WINOGRAD_OUTPUT,
  WINOGRAD_PACK,
  WINOGRAD_PRODUCT,
} from './kernel-ids.js';
import { float } from './runtime.js';
import { FILTER_PARTS, FILTER_TILES, PLANE_GAP } from './winograd-layout.js';

/** What follows the sum in the same pass: y = activation(clamp(sum + bias + residual)). */
export interface Epilogue {
  /** Address of a value for each column. */
  readonly bias?: number;
  /** Address of a tensor of the output's shape. */
  readonly residual?: number;
  readonly low: number;
  readonly high: number;
  /** 0 none, 1 sigmoid, 2 swish. */
  readonly activation: number;
}

export const noEpilogue: Epilogue = { low: -Infinity, high: Infinity, activation: 0 };

/** The epilogue that a fused activation of tfjs asks for, or undefined for one that needs a pass of its own. */
export function activationEpilogue(activation: string): Epilogue | undefined {
  switch (activation) {
    case 'linear':
      return noEpilogue;
    case 'relu':
      return { ...noEpilogue, low: 0 };
    case 'relu6':
      return { ...noEpilogue, low: 0, high: 6 };
    case 'sigmoid':
      return { ...noEpilogue, activation: 1 };
    case 'swish':
      return { ...noEpilogue, activation: 2 };
    default:
      return undefined;
  }
}

/** An NHWC image in memory. `pitch` is in floats from one pixel to the next. */
export interface Image {
  readonly address: number;
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly pitch: number;
}

/** The matrix that an indirect product multiplies by, packed into panels. */
export interface PackedMatrix {
  readonly address: number;
  /** Floats of one tap. */
  readonly run: number;
  readonly columns: number;
}

/** Where a product reads and writes: pixel = grid * stride + tap, output pixel = grid * step + origin. */
export interface Grid {
  readonly height: number;
  readonly width: number;
  readonly strideY: number;
  readonly strideX: number;
  /** (y, x) of each tap. */
  readonly taps: readonly (readonly [number, number])[];
  readonly outHeight: number;
  readonly outWidth: number;
  readonly stepY?: number;
  readonly stepX?: number;
  readonly originY?: number;
  readonly originX?: number;
}

/** How a matrix [taps, depth, columns] lies in memory, in floats. */
export interface MatrixLayout {
  readonly address: number;
  readonly depth: number;
  readonly columns: number;
  readonly tapStep: number;
  readonly depthStep: number;
  readonly columnStep: number;
}

/** Multiplications and additions that are worth a chunk of their own: about ten microseconds. */
const CHUNK_WORK = 250_000;
/** Tiles that the blocked Winograd convolution takes at a time, so that they stay in the second cache. */
const WINOGRAD_TILES = 24;
/** Chunks of a large job; enough that threads end at about the same time. */
const CHUNKS = 16;

/** Bytes of a matrix [taps, depth, columns] packed into panels of eight columns. */
export function packedBytes(taps: number, depth: number, columns: number): number {
  return taps * depth * Math.ceil(columns / 8) * 32;
}

/** Packs the listed taps of a matrix. */
export function packMatrix(
  backend: SimdBackend,
  matrix: MatrixLayout,
  order: readonly number[],
  to: number,
): void {
  const { address, depth, columns, tapStep, depthStep, columnStep } = matrix;
  backend.lend(order.length * 4, 'packing', (list) => {
    new Int32Array(backend.runtime.memory.buffer, list, order.length).set(order);
    const args = [address, to, order.length, list, depth, columns, tapStep, depthStep, columnStep];
    backend.runtime.run(PACK, Math.ceil(columns / 8), args);
  });
}

/** An indirect product: output[pixel] = epilogue(sum over taps of input[pixel + tap] * matrix[tap]). */
export function convolve(
  backend: SimdBackend,
  input: Image,
  matrix: PackedMatrix,
  grid: Grid,
  output: number,
  epilogue: Epilogue,
): void {
  const { run, columns } = matrix;
  const taps = grid.taps.length;
  const rows = input.batch * grid.height * grid.width;
  const panels = Math.ceil(columns / 8);
  const { perChunk: rowsPerChunk, count: rowChunks } = split(rows, 64, 4);
  const work = rows * columns * taps * run;
  const chunks = Math.min(CHUNKS, Math.ceil(work / CHUNK_WORK));
  const { perChunk: panelsPerChunk, count: groups } = split(panels, panels / (chunks / rowChunks), 1);
  const table = (rowsPerChunk / 4) * (32 + 16 * taps);
  const workspace = align(160 + align(columns * 4) + table + 64);
  const { threads } = backend.runtime;
  const zeros = backend.zeros(run * 4);
  backend.lend(taps * 8 + workspace * threads + 64, 'a convolution', (space) => {
    new Int32Array(backend.runtime.memory.buffer, space, taps * 2).set(grid.taps.flat());
    const { stepY = 1, stepX = 1, originY = 0, originX = 0 } = grid;
    backend.runtime.run(CONVOLVE, rowChunks * groups, [
      ...[input.address, matrix.address, output, ...epilogueArguments(epilogue)],
      ...[input.batch, grid.height, grid.width, grid.strideY, grid.strideX],
      ...[input.height, input.width, input.pitch, taps, space, run, columns],
      ...[grid.outHeight, grid.outWidth, stepY, stepX, originY, originX],
      ...[rowsPerChunk, panelsPerChunk, zeros, align(space + taps * 8), workspace],
    ]);
  });
}

/** Bytes of a kernel [3, 3, depth, columns] transformed and packed for {@link winograd}. */
export function winogradBytes(depth: number, columns: number): number {
  return 36 * (depth * columns * 4 + PLANE_GAP);
}

/** Transforms and packs a 3x3 kernel; `flip` turns it by 180 degrees. */
export function winogradPack(backend: SimdBackend, matrix: MatrixLayout, flip: boolean, to: number): void {
  const { address, depth, columns, tapStep, depthStep, columnStep } = matrix;
  backend.lend(backend.runtime.threads * 1024, 'packing', (scratch) => {
    const args = [address, to, depth, columns, tapStep, depthStep, columnStep, Number(flip), scratch];
    backend.runtime.run(WINOGRAD_PACK, columns / 8, args);
  });
}

/** Whether {@link winograd} can do a convolution of this many channels, and is worth it. */
export function suitsWinograd(depth: number, columns: number): boolean {
  return depth % 4 === 0 && columns % 8 === 0 && depth >= 16 && columns >= 16;
}

/** A 3x3 convolution of stride 1 with a kernel that {@link winogradPack} made. */
export function winograd(
  backend: SimdBackend,
  input: Image,
  matrix: PackedMatrix,
  pad: { readonly top: number; readonly left: number },
  out: { readonly height: number; readonly width: number; readonly address: number },
  epilogue: Epilogue,
): void {
  const { run: channels, columns: filters } = matrix;
  const { runtime } = backend;
  const tiles = input.batch * Math.ceil(out.height / 4) * Math.ceil(out.width / 4);
  const blocked = tiles >= 4 * WINOGRAD_TILES;
  const { perChunk, count: blocks } = split(tiles, blocked ? WINOGRAD_TILES : tiles, 4);
  const planes = 36 * (perChunk * (channels + filters) * 4 + 2 * PLANE_GAP);
  const scratch = align(Math.max(256 + 36 * 16, 12 * perChunk));
  const zeros = backend.zeros(channels * 4);
  const copies = blocked ? runtime.threads : 1;
  backend.lend(scratch * runtime.threads + planes * copies, 'a convolution', (space) => {
    const args = [
      ...[input.address, matrix.address, out.address, ...epilogueArguments(epilogue)],
      ...[input.batch, input.height, input.width, channels, out.height, out.width, pad.top, pad.left],
      ...[filters, perChunk, zeros, space, scratch, space + scratch * runtime.threads, planes],
    ];
    if (blocked) {
      runtime.run(WINOGRAD, blocks, args);
      return;
    }
    // Few tiles: each of the three steps shares its own work out.
    runtime.run(WINOGRAD_INPUT, tiles, args);
    runtime.run(WINOGRAD_PRODUCT, 36, args);
    runtime.run(WINOGRAD_OUTPUT, tiles, args);
  });
}

/** Slices that {@link winogradFilter} shares the tiles out in, at most; of fewer than half as many there are none. */
const FILTER_SLICES = 16;
/** Tiles of a slice, at least; more than there are slices, so that rounding up leaves none empty. */
const FILTER_SLICE_TILES = 32;
/** Bytes of the products of all slices, at most. */
const FILTER_PRODUCTS = 8 * 2 ** 20;
/** Bytes of transforms that a thread works on at a time in a slice, so that they stay in its second cache. */
const FILTER_BLOCK = 2 ** 19;
/** Bytes of transforms that all threads work on at a time where there are no slices. */
const FILTER_WORKSPACE = 48 * 2 ** 20;

/** The gradient [3, 3, channels, filters] of a kernel that {@link winograd} could do the convolution of. */
export function winogradFilter(
  backend: SimdBackend,
  input: Image,
  gradient: {
    readonly address: number;
    readonly height: number;
    readonly width: number;
    readonly filters: number;
  },
  pad: { readonly top: number; readonly left: number },
  to: number,
): void {
  const { runtime } = backend;
  const { batch, height, width, pitch: channels } = input;
  const { filters } = gradient;
  const tiles = batch * Math.ceil(gradient.height / 4) * Math.ceil(gradient.width / 4);
  const bytesOfTile = 36 * (channels + filters) * 4;
  const productBytes = 36 * (channels * filters * 4 + PLANE_GAP);
  const most = Math.floor(
    Math.min(FILTER_SLICES, FILTER_PRODUCTS / productBytes, tiles / FILTER_SLICE_TILES),
  );
  const sliced = most >= FILTER_SLICES / 2;
  const slices = sliced ? most : 1;
  const blocks = sliced ? runtime.threads : 1;
  const space = sliced ? FILTER_BLOCK : FILTER_WORKSPACE;
  const tilesOfBlock = Math.min(tiles, Math.max(FILTER_TILES, Math.floor(space / bytesOfTile)));
  const blockBytes = align(tilesOfBlock * bytesOfTile + 2 * 36 * PLANE_GAP);
  const scratchBytes = 256 + 36 * 16;
  const zeros = backend.zeros(Math.max(channels, filters) * 4);
  const bytes = blockBytes * blocks + productBytes * slices + scratchBytes * runtime.threads;
  backend.lend(bytes, "a filter's gradient", (transforms) => {
    const products = transforms + blockBytes * blocks;
    const scratch = products + productBytes * slices;
    const args = [
      ...[input.address, gradient.address, to, 0, 0, 0, 0, 0, batch, height, width, channels],
      ...[gradient.height, gradient.width, pad.top, pad.left, filters, tilesOfBlock, zeros],
      ...[scratch, scratchBytes, transforms, blockBytes, products, slices],
    ];
    if (sliced) {
      runtime.run(WINOGRAD_FILTER, slices, [...args, 0, Math.ceil(tiles / slices), tiles]);
    } else {
      for (let first = 0; first < tiles; first += tilesOfBlock) {
        const count = Math.min(tilesOfBlock, tiles - first);
        runtime.run(WINOGRAD_FILTER_TRANSFORM, Math.ceil(count / FILTER_TILES), [...args, first, count]);
        runtime.run(WINOGRAD_FILTER_PRODUCT, 36 * FILTER_PARTS, [...args, first, count]);
      }
    }
    runtime.run(WINOGRAD_FILTER_OUTPUT, channels, args);
  });
}

function epilogueArguments({ bias = 0, residual = 0, low, high, activation }: Epilogue): number[] {
  return [bias, residual, float(low), float(high), activation];
}

/** Splits `total` into parts of about `most`, equal up to a multiple of `unit`. */
function split(total: number, most: number, unit: number): { perChunk: number; count: number } {
  const parts = Math.max(1, Math.ceil(total / Math.max(most, 1)));
  const perChunk = Math.max(unit, Math.ceil(total / parts / unit) * unit);
  return { perChunk, count: Math.ceil(total / perChunk) };
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
