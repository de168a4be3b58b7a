import type { SimdBackend } from './backend.js';
import { CONVOLVE, PACK } from './kernel-ids.js';
import { float } from './runtime.js';

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

/** The epilogue that a fused activation of tfjs asks for, or undefined for one that needs a separate pass. */
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
  /**
   * Columns go in so many groups, each of a multiple of four; each group's taps start `run` floats behind those of the
   * group before. Default 1.
   */
  readonly groups?: number;
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

/** Multiplications and additions that are worth a separate chunk: about ten microseconds. */
const CHUNK_WORK = 250_000;
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
  const { run, columns, groups = 1 } = matrix;
  const taps = grid.taps.length;
  const rows = input.batch * grid.height * grid.width;
  const panels = Math.ceil(columns / 8);
  const { perChunk: rowsPerChunk, count: rowChunks } = split(rows, 64, 4);
  const work = rows * columns * taps * run;
  const chunks = Math.min(CHUNKS, Math.ceil(work / CHUNK_WORK));
  const { perChunk: panelsPerChunk, count: columnChunks } = split(panels, panels / (chunks / rowChunks), 1);
  const table = (rowsPerChunk / 4) * (32 + 16 * taps);
  const workspace = align(160 + align(columns * 4) + table + 64);
  const { threads } = backend.runtime;
  const zeros = backend.zeros(Math.max(groups * run, 8) * 4);
  backend.lend(taps * 8 + workspace * threads + 64, 'a convolution', (space) => {
    new Int32Array(backend.runtime.memory.buffer, space, taps * 2).set(grid.taps.flat());
    const { stepY = 1, stepX = 1, originY = 0, originX = 0 } = grid;
    backend.runtime.run(CONVOLVE, rowChunks * columnChunks, [
      ...[input.address, matrix.address, output, ...epilogueArguments(epilogue)],
      ...[input.batch, grid.height, grid.width, grid.strideY, grid.strideX],
      ...[input.height, input.width, input.pitch, taps, space, run, columns],
      ...[grid.outHeight, grid.outWidth, stepY, stepX, originY, originX],
      ...[rowsPerChunk, panelsPerChunk, zeros, align(space + taps * 8), workspace, columns / groups],
    ]);
  });
}

/** What jobs of convolutions take of an epilogue. */
export function epilogueArguments({ bias = 0, residual = 0, low, high, activation }: Epilogue): number[] {
  return [bias, residual, float(low), float(high), activation];
}

/** Splits `total` into parts of about `most`, equal up to a multiple of `unit`. */
export function split(total: number, most: number, unit: number): { perChunk: number; count: number } {
  const parts = Math.max(1, Math.ceil(total / Math.max(most, 1)));
  const perChunk = Math.max(unit, Math.ceil(total / parts / unit) * unit);
  return { perChunk, count: Math.ceil(total / perChunk) };
}

/** To a multiple of a cache line. */
export function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
