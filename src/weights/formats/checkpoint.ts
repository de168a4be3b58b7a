import { bfloat16ToFloat32, float16ToFloat32 } from './half.js';
import { copyStrided, extent, rowMajor } from './strided.js';

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
    if (this.dtype === 'F32' && this.#isRowMajor()) {
      const stored = view('F32', this.#stored());
      if (stored.buffer === this.bytes.buffer) return stored as Float32Array;
    }
    const out = new Float32Array(this.size);
    this.writeTo(out);
    return out;
  }

  /** Writes to `out`, of as many elements, what {@link toFloat32} gives, without a copy of all of them on the way. */
  writeTo(out: Float32Array): void {
    const { dtype, shape, bytes, strides, size } = this;
    if (size === 0) return;
    if (this.#isRowMajor()) return convert(dtype, this.#stored(), out);
    const steps = rowMajor(shape);
    const axes = shape.map((size, axis) => ({ size, from: strides[axis]!, to: steps[axis]! }));
    const bytesPerElement = itemSize(dtype);
    copyStrided(
      axes,
      (begin, end) => asFloat32(dtype, bytes.subarray(begin * bytesPerElement, end * bytesPerElement)),
      out,
    );
  }

  /** Whether each element is a finite float32. */
  isFinite(): boolean {
    if (this.size === 0) return true;
    // What lies between the elements of a tensor with gaps is not part of it, and may be anything.
    return areFinite(this.dtype, this.#stored()) || areFinite('F32', bytesOf(this.toFloat32()));
  }

  /** The bytes from the first element to the last. */
  #stored(): Uint8Array {
    const axes = this.shape.map((size, axis) => ({ size, from: this.strides[axis]! }));
    return this.bytes.subarray(0, extent(axes) * itemSize(this.dtype));
  }

  #isRowMajor(): boolean {
    return rowMajor(this.shape).every((step, axis) => this.shape[axis] === 1 || step === this.strides[axis]);
  }
}

/** What a file of weights holds. */
export interface Checkpoint {
  /** By key, in the file's order. */
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** Words about the file that it carries itself. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Where in the file the tensors were, such as `state_dict_ema`; empty where they are all that it holds. Default empty. */
  readonly key?: string;
  /** What else the file holds and is not read: objects of Python's and other tensors, by their keys. Default nothing. */
  readonly skipped?: readonly string[];
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

/** A file of weights that is whole, of which the caller has to say what is wanted. */
export class ChoiceError extends CheckpointError {}

/** Number of elements of a shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** Whether `value` is a whole number of at least 0 that a float64 holds exactly. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** The bytes as elements: a view where their place in the buffer allows it, otherwise of a copy. */
function view(dtype: DType, bytes: Uint8Array): Elements {
  const type = arrayTypes[dtype];
  // Not slice(): Node's Buffer gives a view for it.
  const place = bytes.byteOffset % type.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes);
  return new type(place.buffer, place.byteOffset, place.byteLength / type.BYTES_PER_ELEMENT);
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function asFloat32(dtype: DType, bytes: Uint8Array): Float32Array {
  if (dtype === 'F32') return view(dtype, bytes) as Float32Array;
  const out = new Float32Array(bytes.length / itemSize(dtype));
  convert(dtype, bytes, out);
  return out;
}

/** The elements as float32, one after the other. */
function convert(dtype: DType, bytes: Uint8Array, out: Float32Array): void {
  if (dtype === 'F32') return bytesOf(out).set(bytes); // At any alignment.
  const values = view(dtype, bytes);
  if (dtype === 'F16') float16ToFloat32(values as Uint16Array, out);
  else if (dtype === 'BF16') bfloat16ToFloat32(values as Uint16Array, out);
  else if (values instanceof BigInt64Array || values instanceof BigUint64Array) {
    for (let i = 0; i < values.length; i++) out[i] = Number(values[i]);
  } else out.set(values);
}

/** The bits of an exponent, all of which are set in what is not finite. */
const exponents: Partial<Record<DType, number>> = { F32: 0x7f800000, F16: 0x7c00, BF16: 0x7f80 };

function areFinite(dtype: DType, bytes: Uint8Array): boolean {
  if (dtype === 'F64')
    return (view(dtype, bytes) as Float64Array).every((x) => Number.isFinite(Math.fround(x)));
  const exponent = exponents[dtype];
  if (exponent === undefined) return true; // Integers.
  const bits = view(dtype === 'F32' ? 'U32' : 'U16', bytes) as Uint32Array | Uint16Array;
  for (let i = 0; i < bits.length; i++) if ((bits[i]! & exponent) === exponent) return false;
  return true;
}
