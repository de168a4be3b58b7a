import type { SimdBackend } from './backend.js';
import {
  align,
  convolve,
  epilogueArguments,
  split,
  type Epilogue,
  type Image,
  type MatrixLayout,
  type PackedMatrix,
} from './convolution.js';
import {
  WINOGRAD,
  WINOGRAD_CHECK,
  WINOGRAD_INPUT,
  WINOGRAD_OUTPUT,
  WINOGRAD_PACK,
  WINOGRAD_PRODUCT,
} from './kernel-ids.js';
import { PLANE_GAP } from './winograd-layout.js';

/** Tiles that the blocked Winograd convolution takes at a time, so that they stay in the second cache. */
const WINOGRAD_TILES = 24;

/** Bytes of a kernel [3, 3, depth, columns] transformed and packed for {@link winograd}. */
export function winogradBytes(depth: number, columns: number): number {
  return 36 * (depth * columns * 4 + PLANE_GAP);
}

/** Transforms and packs a 3x3 kernel; `flip` turns it by 180 degrees. */
export function winogradPack(backend: SimdBackend, matrix: MatrixLayout, flip: boolean, to: number): void {
  const { address, depth, columns, tapStep, depthStep, columnStep } = matrix;
  backend.floats(unfitFlag(to, depth, columns), 1)[0] = 0;
  backend.lend(backend.runtime.threads * 1024, 'packing', (scratch) => {
    const args = [address, to, depth, columns, tapStep, depthStep, columnStep, Number(flip), scratch];
    backend.runtime.run(WINOGRAD_PACK, columns / 8, args);
  });
}

/** Where {@link winogradPack} says that a kernel has values that cannot be transformed: not zero. */
function unfitFlag(packed: number, depth: number, columns: number): number {
  return packed + winogradBytes(depth, columns) - 4;
}

/** Whether {@link winograd} can do a convolution of this many channels, and is worth it. */
export function suitsWinograd(depth: number, columns: number): boolean {
  return depth % 4 === 0 && columns % 8 === 0 && depth >= 16 && columns >= 16;
}

/** A place in an image before its first pixel. */
export interface Padding {
  readonly top: number;
  readonly left: number;
}

/** Where a convolution of stride 1 writes. */
export interface Output {
  readonly height: number;
  readonly width: number;
  readonly address: number;
}

/** A 3x3 kernel for {@link winograd}. */
export interface WinogradMatrix extends PackedMatrix {
  /** Calls with the address of the same kernel packed by {@link packMatrix}, where it is needed. */
  readonly direct: (use: (address: number) => void) => void;
}

/**
 * A 3x3 convolution of stride 1 with a kernel that {@link winogradPack} made. Strips of four rows whose values are not of
 * like size are computed directly: see `assembly/evenness.ts`.
 */
export function winograd(
  backend: SimdBackend,
  input: Image,
  matrix: WinogradMatrix,
  pad: Padding,
  out: Output,
  epilogue: Epilogue,
): void {
  const uneven = unevenStrips(backend, input, matrix, pad, out);
  const strips = input.batch * Math.ceil(out.height / 4);
  if (uneven.length < strips) winogradJobs(backend, input, matrix, pad, out, epilogue);
  if (uneven.length === 0) return;
  matrix.direct((address) => {
    const kernel = { address, run: matrix.run, columns: matrix.columns };
    for (const [first, end] of runs(uneven, Math.ceil(out.height / 4))) {
      convolveStrips(backend, input, kernel, pad, out, epilogue, first, end);
    }
  });
}

/** The numbers of the strips that {@link winograd} must not do, in order. */
function unevenStrips(
  backend: SimdBackend,
  input: Image,
  matrix: PackedMatrix,
  pad: Padding,
  out: Output,
): number[] {
  const { runtime } = backend;
  const strips = input.batch * Math.ceil(out.height / 4);
  const unfit = new Int32Array(
    runtime.memory.buffer,
    unfitFlag(matrix.address, matrix.run, matrix.columns),
    1,
  );
  if (unfit[0] !== 0) return [...Array(strips).keys()];
  const scratch = align(6 * 4 * (out.width + 8));
  return backend.lend(scratch * runtime.threads + strips * 4, 'a convolution', (space) => {
    const flags = space + scratch * runtime.threads;
    runtime.run(WINOGRAD_CHECK, strips, [
      ...[input.address, 0, 0, 0, 0, 0, 0, 0, input.batch, input.height, input.width, matrix.run],
      ...[out.height, out.width, pad.top, pad.left, matrix.columns, 0, 0, space, scratch, flags],
    ]);
    const found: number[] = [];
    new Int32Array(runtime.memory.buffer, flags, strips).forEach((flag, strip) => {
      if (flag !== 0) found.push(strip);
    });
    return found;
  });
}

/** Joins numbers that follow each other to [first, end), none across a multiple of `size`. */
function runs(numbers: readonly number[], size: number): [number, number][] {
  const joined: [number, number][] = [];
  for (const number of numbers) {
    const last = joined.at(-1);
    if (last?.[1] === number && number % size !== 0) last[1]++;
    else joined.push([number, number + 1]);
  }
  return joined;
}

/** Strips of four rows of one image's output, from `first` to before `end`, by an indirect product. */
function convolveStrips(
  backend: SimdBackend,
  input: Image,
  kernel: PackedMatrix,
  pad: Padding,
  out: Output,
  epilogue: Epilogue,
  first: number,
  end: number,
): void {
  const stripsOfImage = Math.ceil(out.height / 4);
  const n = Math.floor(first / stripsOfImage);
  const top = (first % stripsOfImage) * 4;
  const height = Math.min(out.height, top + (end - first) * 4) - top;
  const taps = Array.from(
    { length: 9 },
    (_, tap) => [top + Math.floor(tap / 3) - pad.top, (tap % 3) - pad.left] as const,
  );
  const image = {
    ...input,
    batch: 1,
    address: input.address + n * input.height * input.width * input.pitch * 4,
  };
  const offset = n * out.height * out.width * kernel.columns * 4;
  const { residual } = epilogue;
  const grid = {
    ...{ height, width: out.width, strideY: 1, strideX: 1, taps },
    ...{ outHeight: out.height, outWidth: out.width, originY: top },
  };
  const shifted = { ...epilogue, ...(residual && { residual: residual + offset }) };
  convolve(backend, image, kernel, grid, out.address + offset, shifted);
}

function winogradJobs(
  backend: SimdBackend,
  input: Image,
  matrix: PackedMatrix,
  pad: Padding,
  out: Output,
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
    // Few tiles: each of the three steps shares out its work.
    runtime.run(WINOGRAD_INPUT, tiles, args);
    runtime.run(WINOGRAD_PRODUCT, 36, args);
    runtime.run(WINOGRAD_OUTPUT, tiles, args);
  });
}
