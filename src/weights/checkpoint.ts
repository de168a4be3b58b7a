import { bfloat16ToFloat32, float16ToFloat32 } from './half.js';

/** Element types that a checkpoint may hold. */
export type DType =
  'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'U64' | 'I32' | 'U32' | 'I16' | 'U16' | 'I8' | 'U8' | 'BOOL';

type Elements =
  | Float64Array
  | Float32Array
  | BigInt64Array
  | BigUint64Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array;

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): Elements;
  new (buffer: ArrayBufferLike, offset: number, length: number): Elements;
}

/** The array whose elements have the bits of a type. */
const arrayTypes: Record<DType, ArrayType> = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  I64: BigInt64Array,
  U64: BigUint64Array,
  I32: Int32Array,
  U32: Uint32Array,
  I16: Int16Array,
  U16: Uint16Array,
  I8: Int8Array,
  U8: Uint8Array,
  BOOL: Uint8Array,
};

/** The known element types. */
export const dtypes = Object.keys(arrayTypes) as readonly DType[];

/** Bytes of one element. */
export function itemSize(dtype: DType): number {
  return arrayTypes[dtype].BYTES_PER_ELEMENT;
}

/** A tensor of a file: a view on the file's bytes, converted when it is asked for. */
export class HostTensor {
  /**
   * @param bytes - Little-endian elements, at any alignment, the tensor's first one first.
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

  /** The same elements with the axes in this order, a view too: axis i of the result is axis `order[i]` of this. */
  transpose(order: readonly number[]): HostTensor {
    const { dtype, shape, bytes, strides } = this;
    return new HostTensor(
      dtype,
      order.map((axis) => shape[axis]!),
      bytes,
      order.map((axis) => strides[axis]!),
    );
  }

  /**
   * The elements as float32 in row-major order, rounded to the nearest where the type is wider. A view on the file's
   * bytes where they are so already, otherwise a copy.
   */
  toFloat32(): Float32Array {
    const { dtype, shape, strides } = this;
    if (this.size === 0) return new Float32Array(0);
    const extent = 1 + shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 0);
    const stored = view(dtype, this.bytes.subarray(0, extent * itemSize(dtype)));
    const contiguous = rowMajor(shape).every((stride, axis) => shape[axis] === 1 || stride === strides[axis]);
    return toFloat32(dtype, contiguous ? stored : gather(dtype, stored, shape, strides));
  }
}

/** What a file of weights holds. */
export interface Checkpoint {
  /** By key, in the file's order. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** Words about the file that it carries itself. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** The longest message of a {@link CheckpointError}, which may quote a hostile file. */
const MAX_MESSAGE = 1000;

/** A file of weights that cannot be read: damaged, hostile, or of a kind that is not supported. */
export class CheckpointError extends Error {
  override name = 'CheckpointError';

  constructor(message: string) {
    super(message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}…` : message);
  }
}

/** Number of elements of a shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Whether `value` is a whole number of at least 0 that a float64 holds exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
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

/** The bytes as elements: a view where their place in the buffer allows it, otherwise of a copy. */
function view(dtype: DType, bytes: Uint8Array): Elements {
  const type = arrayTypes[dtype];
  // Not slice(): Node's Buffer gives a view for it.
  const place = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new type(place.buffer, place.byteOffset, place.byteLength / type.BYTES_PER_ELEMENT);
}

function gather(
  dtype: DType,
  values: Elements,
  shape: readonly number[],
  strides: readonly number[],
): Elements {
  const out = new arrayTypes[dtype](elements(shape));
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

function toFloat32(dtype: DType, values: Elements): Float32Array {
  if (dtype === 'F16') return float16ToFloat32(values as Uint16Array);
  if (dtype === 'BF16') return bfloat16ToFloat32(values as Uint16Array);
  if (values instanceof Float32Array) return values;
  if (values instanceof BigInt64Array || values instanceof BigUint64Array)
    return Float32Array.from(values, Number);
  return new Float32Array(values);
}
