import { float16ToFloat32, bfloat16ToFloat32 } from './half.js';

/** Element types that a checkpoint may hold; integers are read as numbers where they are wanted at all. */
export type DType = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** Bytes of one element. */
export const itemSize: Record<DType, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** A tensor of a file: a view on the file's bytes, converted when it is asked for. */
export class HostTensor {
  /**
   * @param bytes - Little-endian elements, at any alignment, from the storage's start or later.
   * @param strides - In elements; default row-major without gaps.
   */
  constructor(
    readonly dtype: DType,
    readonly shape: readonly number[],
    readonly bytes: Uint8Array,
    readonly strides: readonly number[] = rowMajor(shape),
  ) {}

  /** Number of elements. */
  get size(): number {
    return elements(this.shape);
  }

  /** The elements as float32 in row-major order: a view where the file already has them so, otherwise a copy. */
  toFloat32(): Float32Array {
    const { shape, strides } = this;
    const contiguous = rowMajor(shape).every((stride, axis) => shape[axis] === 1 || stride === strides[axis]);
    if (this.size === 0) return new Float32Array(0);
    const stored = contiguous
      ? this.size
      : 1 + shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 0);
    const values = convert(this.dtype, this.bytes.subarray(0, stored * itemSize[this.dtype]));
    return contiguous ? values : gather(values, shape, strides);
  }
}

/** What a file of weights holds. */
export interface Checkpoint {
  /** By key, in the file's order. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** Words about the file that it carries itself. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** A file of weights that cannot be read: damaged, hostile, or of a kind that is not supported. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';
}

/** Number of elements of a shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

function rowMajor(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

function gather(values: Float32Array, shape: readonly number[], strides: readonly number[]): Float32Array {
  const out = new Float32Array(elements(shape));
  const index = new Array<number>(shape.length).fill(0);
  let offset = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = values[offset]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      offset += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      offset -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

function convert(dtype: DType, bytes: Uint8Array): Float32Array {
  if (dtype === 'F32') return aligned(bytes, Float32Array);
  if (dtype === 'F16') return float16ToFloat32(aligned(bytes, Uint16Array));
  if (dtype === 'BF16') return bfloat16ToFloat32(aligned(bytes, Uint16Array));
  if (dtype === 'F64') return Float32Array.from(aligned(bytes, Float64Array));
  if (dtype === 'I64') return Float32Array.from(aligned(bytes, BigInt64Array), Number);
  if (dtype === 'I32') return Float32Array.from(aligned(bytes, Int32Array));
  if (dtype === 'I16') return Float32Array.from(aligned(bytes, Int16Array));
  if (dtype === 'I8') return Float32Array.from(aligned(bytes, Int8Array));
  return Float32Array.from(bytes);
}

interface ArrayType<T> {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, offset: number, length: number): T;
}

/** The bytes as elements: a view where their place in the buffer allows it, otherwise of a copy. */
function aligned<T>(bytes: Uint8Array, type: ArrayType<T>): T {
  const place = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : bytes.slice();
  return new type(place.buffer, place.byteOffset, place.byteLength / type.BYTES_PER_ELEMENT);
}
