import type * as tf from '@tensorflow/tfjs-core';
import type { Opened } from './device.js';
import type { Program } from './programs.js';
import { RecordingBackend, storageUsage } from './recording.js';
import type { Tile } from './wgsl/product.js';
import { chooseTile, processorOf, type Processor, type ProductSizes } from './wgsl/tiles.js';

/** Tensors of one buffer. */
export interface Together {
  readonly buffer: GPUBuffer;
  readonly tensors: tf.TensorInfo[];
}

/** Floats at whose multiples a part of a buffer may start: 256 bytes on every device. */
const ALIGNMENT = 64;

/** What kernels of this package work with; all others are tfjs's. */
export class WebgpuBackend extends RecordingBackend {
  readonly info: GPUAdapterInfo;
  /** Where set, every product takes this tile. */
  tile: Tile | undefined;
  readonly #processor: Processor;

  constructor(opened: Opened) {
    super(opened);
    this.info = opened.info;
    this.#processor = processorOf(opened.info, opened.device.limits.maxComputeInvocationsPerWorkgroup);
  }

  /** A new tensor whose values are not set yet. */
  allocate(shape: number[], dtype: 'float32' | 'int32' = 'float32'): tf.TensorInfo {
    return this.makeTensorInfo(shape, dtype);
  }

  /** Tensors of one axis that lie one after the other in one buffer, with room between them. */
  allocateTogether(count: number, length: number): Together {
    const pitch = Math.ceil(length / ALIGNMENT) * ALIGNMENT;
    const buffer = this.pool.acquireBuffer(count * pitch * 4, storageUsage());
    this.pool.share(buffer, count);
    const tensors = Array.from({ length: count }, (_, i) => {
      const tensor = this.makeTensorInfo([length], 'float32');
      const data = this.tensorMap.get(tensor.dataId);
      data.resource = buffer;
      data.offset = i * pitch * 4;
      return tensor;
    });
    return { buffer, tensors };
  }

  /**
   * A tensor whose values a kernel changes in place: this one again, or a copy where others share its values.
   */
  forChange(tensor: tf.TensorInfo): tf.TensorInfo {
    if (this.refCount(tensor.dataId) === 1) {
      this.incRef(tensor.dataId);
      return tensor;
    }
    const copy = this.allocate(tensor.shape);
    const [from, to] = [this.bindingOf(tensor), this.bindingOf(copy)];
    this.copy(from, to.buffer);
    return copy;
  }

  /** Whether all of these hold floats, which those that were cast to floats may not. */
  holdsFloats(...tensors: readonly tf.TensorInfo[]): boolean {
    return tensors.every(({ dataId }) => this.tensorMap.get(dataId).dtype === 'float32');
  }

  /** A tile for a product of these sizes. */
  chooseTile(sizes: ProductSizes): Tile {
    return this.tile ?? chooseTile(sizes, this.#processor);
  }

  /** How many workgroups keep the device busy. */
  get enoughWorkgroups(): number {
    return this.#processor.enoughWorkgroups;
  }

  /** Records a program, of tensors and whole buffers. */
  run(program: Program, tensors: readonly (tf.TensorInfo | GPUBuffer)[]): void {
    const pipeline = this.programs.pipeline(program);
    const bindings = tensors.map((each) =>
      each instanceof GPUBuffer ? { buffer: each } : this.bindingOf(each),
    );
    this.dispatch(pipeline, this.programs.group(pipeline, bindings), program.workgroups);
  }
}
