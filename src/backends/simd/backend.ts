import { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import type { Runtime } from './runtime.js';

type Values = tf.backend_util.BackendValues;
type DataId = object;

const arrays = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
type NumericType = keyof typeof arrays;
type NumericArray = InstanceType<(typeof arrays)[NumericType]>;

/** The data of one tensor in the WebAssembly memory. `values` is what the cpu backend's kernels read: a view. */
class Block {
  refCount = 1;
  #view: NumericArray | undefined;

  constructor(
    readonly memory: WebAssembly.Memory,
    readonly dtype: NumericType,
    readonly address: number,
    readonly length: number,
  ) {}

  get values(): NumericArray {
    // Growing detaches a view of a memory that is not shared.
    if (this.#view?.length !== this.length || this.#view.byteOffset !== this.address) {
      this.#view = new arrays[this.dtype](this.memory.buffer, this.address, this.length);
    }
    return this.#view;
  }
}

/** What is derived from a tensor's values and kept while they live, by a name. */
type Derived = Map<string, number>;

/**
 * A tfjs backend whose tensors of numbers live in one WebAssembly memory. Its kernels work on addresses; for
 * all others, the cpu backend's kernels find views.
 */
export class SimdBackend extends MathBackendCPU {
  readonly #derived = new WeakMap<DataId, Derived>();
  #zeros = { address: 0, bytes: 0 };
  /** What the kernel that runs has made so far. */
  #made: DataId[] | undefined;

  constructor(readonly runtime: Runtime) {
    super();
  }

  override write(values: Values, shape: number[], dtype: tf.DataType): DataId {
    const dataId = {};
    this.move(dataId, values, shape, dtype, 1);
    this.#made?.push(dataId);
    return dataId;
  }

  override move(dataId: DataId, values: Values, shape: number[], dtype: tf.DataType, refCount: number): void {
    if (!isNumeric(dtype) || !values) {
      this.data.set(dataId, { values, dtype, refCount });
      return;
    }
    const block = this.#createBlock(values.length, dtype, shape);
    block.refCount = refCount;
    block.values.set(values as NumericArray);
    this.data.set(dataId, block);
  }

  /** Runs a kernel. One that fails, such as for want of memory, leaves none of the tensors behind that it made. */
  attempt<T>(kernel: () => T): T {
    const outer = this.#made;
    const made: DataId[] = [];
    this.#made = made;
    try {
      return kernel();
    } catch (error) {
      for (const dataId of made) this.disposeData(dataId, true);
      throw error;
    } finally {
      this.#made = outer;
    }
  }

  /** A new tensor whose values are not set yet. */
  allocate(shape: number[], dtype: NumericType): tf.TensorInfo {
    const dataId = {};
    this.data.set(dataId, this.#createBlock(tf.util.sizeFromShape(shape), dtype, shape));
    this.#made?.push(dataId);
    return { dataId, shape, dtype };
  }

  /** A new tensor of floats whose values `write` sets, every one, where they lie. */
  writeNew(shape: number[], write: (values: Float32Array) => void): tf.TensorInfo {
    return this.attempt(() => {
      const tensor = this.allocate(shape, 'float32');
      write(this.floats(this.address(tensor), tf.util.sizeFromShape(shape)));
      return tensor;
    });
  }

  /** The address of a tensor's values, floats if its type says so. */
  address(tensor: tf.TensorInfo): number {
    const block = this.data.get(tensor.dataId) as Block;
    if (tensor.dtype !== 'float32' || block.dtype === 'float32') return block.address;
    // The cpu backend casts integers to floats by calling them so.
    return this.derive(tensor, 'a cast to float32', block.length * 4, (address) =>
      this.floats(address, block.length).set(block.values),
    );
  }

  /** The address of a tensor's values, for a kernel that changes them; what was derived from them goes. */
  addressToChange(tensor: tf.TensorInfo): number {
    const { address } = this.data.get(tensor.dataId) as Block;
    this.#releaseDerived(tensor.dataId);
    return address;
  }

  /** `count` floats at an address, as a view. */
  floats(address: number, count: number): Float32Array {
    return new Float32Array(this.runtime.memory.buffer, address, count);
  }

  /** Sets every value of a tensor. */
  fill(tensor: tf.TensorInfo, value: number): void {
    this.floats(this.address(tensor), tf.util.sizeFromShape(tensor.shape)).fill(value);
  }

  /** Bytes at an address that stay until {@link release}; `purpose` is for the error if there are none left. */
  reserve(bytes: number, purpose: string): number {
    const { allocator, maximumBytes } = this.runtime;
    const address = allocator.allocate(bytes);
    if (address === undefined) {
      throw new Error(
        `simd: out of memory: ${purpose} needs ${mebibytes(bytes)}; ${mebibytes(allocator.usedBytes)} of at most ` +
          `${mebibytes(maximumBytes)} are in use. Use smaller batches or images, or dispose of tensors.`,
      );
    }
    return address;
  }

  release(address: number): void {
    this.runtime.allocator.release(address);
  }

  /** Lends bytes for the time of one call. */
  lend<T>(bytes: number, purpose: string, use: (address: number) => T): T {
    const address = this.reserve(bytes, purpose);
    try {
      return use(address);
    } finally {
      this.release(address);
    }
  }

  /** The address of at least so many zero bytes, never written to. */
  zeros(bytes: number): number {
    if (this.#zeros.bytes < bytes) {
      const address = this.reserve(bytes, 'zero padding');
      new Uint8Array(this.runtime.memory.buffer, address, bytes).fill(0);
      if (this.#zeros.bytes > 0) this.release(this.#zeros.address);
      this.#zeros = { address, bytes };
    }
    return this.#zeros.address;
  }

  /** The address of something made once from a tensor's values, such as packed weights; freed with them. */
  derive(tensor: tf.TensorInfo, name: string, bytes: number, make: (address: number) => void): number {
    let derived = this.#derived.get(tensor.dataId);
    if (!derived) this.#derived.set(tensor.dataId, (derived = new Map()));
    // A reshaped tensor shares its data.
    const key = `${name} of [${tensor.shape}]`;
    let address = derived.get(key);
    if (address === undefined) {
      address = this.reserve(bytes, name);
      try {
        make(address);
      } catch (error) {
        this.release(address);
        throw error;
      }
      derived.set(key, address);
    }
    return address;
  }

  override readSync(dataId: DataId): Values {
    const data = this.data.get(dataId);
    // A copy: the memory is given to another tensor after this one.
    return data instanceof Block ? data.values.slice() : super.readSync(dataId);
  }

  override disposeData(dataId: DataId, force = false): boolean {
    if (!this.data.has(dataId)) return true;
    const data = this.data.get(dataId);
    if (!super.disposeData(dataId, force)) return false;
    if (data instanceof Block) this.release(data.address);
    this.#releaseDerived(dataId);
    return true;
  }

  #releaseDerived(dataId: DataId): void {
    for (const address of this.#derived.get(dataId)?.values() ?? []) this.release(address);
    this.#derived.delete(dataId);
  }

  override memory(): {
    unreliable: boolean;
    reasons: string[];
    numBytesInWasm: number;
    numBytesAllocated: number;
  } {
    return {
      unreliable: false,
      reasons: [],
      numBytesInWasm: this.runtime.memory.buffer.byteLength,
      numBytesAllocated: this.runtime.allocator.usedBytes,
    };
  }

  /** Resolves when every thread has started; until then jobs run on those that have. */
  started(): Promise<void> {
    return this.runtime.started();
  }

  override dispose(): void {
    this.runtime.dispose();
  }

  #createBlock(length: number, dtype: NumericType, shape: number[]): Block {
    const bytes = length * arrays[dtype].BYTES_PER_ELEMENT;
    const address = this.reserve(bytes, `a ${dtype} tensor of shape [${shape}]`);
    return new Block(this.runtime.memory, dtype, address, length);
  }
}

function isNumeric(dtype: tf.DataType): dtype is NumericType {
  return dtype in arrays;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
