import type * as tf from '@tensorflow/tfjs-core';
import type { Opened } from './device.js';
import type { Program } from './programs.js';
import { RecordingBackend } from './recording.js';
import type { Tile } from './wgsl/product.js';
import { chooseTile, processorOf, type Processor, type ProductSizes } from './wgsl/tiles.js';

/** What kernels of this package work with; all others are tfjs's. */
export class WebgpuBackend extends RecordingBackend {
  readonly info: GPUAdapterInfo;
  /** Where set, every product takes this tile. */
  tile: Tile | undefined;
  /** What is known of the device, by which work is divided. */
  processor: Processor;

  constructor(opened: Opened) {
    super(opened);
    this.info = opened.info;
    this.processor = processorOf(opened.info, opened.device.limits.maxComputeInvocationsPerWorkgroup);
  }

  /** A new tensor whose values are not set yet. */
  allocate(shape: number[], dtype: 'float32' | 'int32' = 'float32'): tf.TensorInfo {
    return this.makeTensorInfo(shape, dtype);
  }

  /** A tensor for a kernel to change in place: with the values of this one, or a copy where others share them. */
  forChange(tensor: tf.TensorInfo): tf.TensorInfo {
    if (this.refCount(tensor.dataId) === 1) {
      this.forgetValues(tensor.dataId);
      this.incRef(tensor.dataId);
      const { dataId, shape, dtype } = tensor;
      return { dataId, shape, dtype };
    }
    const copy = this.allocate(tensor.shape);
    const [from, to] = [this.bindingOf(tensor), this.bindingOf(copy)];
    this.copy(from, to);
    return copy;
  }

  /** Whether all of these hold floats, which those that were cast to floats may not. */
  holdsFloats(...tensors: readonly tf.TensorInfo[]): boolean {
    return tensors.every(({ dataId }) => this.tensorMap.get(dataId).dtype === 'float32');
  }

  /** A tile for a product of these sizes. */
  chooseTile(sizes: ProductSizes): Tile {
    return this.tile ?? chooseTile(sizes, this.processor);
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
