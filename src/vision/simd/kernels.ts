import { decodeBase64 } from '../../core/base64.js';
import { binary } from './binary.js';

/** The functions of assembly. */
interface Kernels {
  readonly memory: WebAssembly.Memory;
  across(rows: number, stride: number, count: number, table: number, columns: number, out: number): void;
  down(rows: number, stride: number, length: number, weights: number, taps: number, out: number): void;
  weigh(
    rows: number,
    stride: number,
    count: number,
    taps: number,
    tapCount: number,
    out: number,
    length: number,
  ): void;
  widen(
    rows: number,
    stride: number,
    count: number,
    line: number,
    columns: number,
    pixel: number,
    out: number,
    outStride: number,
  ): void;
  toUnits(bytes: number, length: number, out: number): void;
  toBytes(values: number, length: number, out: number): void;
  addRows(rows: number, line: number, count: number, out: number, stride: number): void;
}

const PAGE = 65536;

/** Bytes beyond the end of an area of the memory that a kernel may read or write, and more. */
const MARGIN = 64;

/** A memory with more bytes than these is not kept for the next picture, since a WebAssembly memory never shrinks. */
const MOST_KEPT = 2 ** 25;

let compiled: WebAssembly.Module | undefined;
let kept: Kernels | undefined;

/** Kernels with a memory of at least so many bytes. */
export function kernelsWith(bytes: number): Kernels {
  // Less than 4 KiB, which every browser compiles at once on its main thread.
  compiled ??= new WebAssembly.Module(decodeBase64(binary));
  const kernels = kept ?? (new WebAssembly.Instance(compiled).exports as unknown as Kernels);
  const missing = bytes - kernels.memory.buffer.byteLength;
  if (missing > 0) kernels.memory.grow(Math.ceil(missing / PAGE));
  kept = bytes > MOST_KEPT ? undefined : kernels;
  return kernels;
}

/** Where areas of so many bytes start, one behind the other with a margin between, and where the last one ends. */
export function layOut<Area extends string>(
  sizes: Record<Area, number>,
): { at: Record<Area, number>; end: number } {
  const at: Partial<Record<Area, number>> = {};
  let end = 0;
  for (const area of Object.keys(sizes) as Area[]) {
    at[area] = end;
    end += Math.ceil(sizes[area] / 16) * 16 + MARGIN;
  }
  return { at: at as Record<Area, number>, end };
}
