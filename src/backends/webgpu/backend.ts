import * as tf from '@tensorflow/tfjs-core';
import type { Opened } from './device.js';
import { BufferPool } from './pool.js';
import type { Tile } from './wgsl/product.js';
import { chooseTile, processorOf, type Processor, type ProductSizes } from './wgsl/tiles.js';
import { TfjsWebgpu, type ProgramUniforms, type TfjsProgram } from './tfjs.js';

/** A shader, and how many workgroups of it run. */
export interface Program {
  /** Of all that the text depends on. */
  readonly key: string;
  /** The text in WGSL; its entry is `main`, and its buffers are numbered in the order of the tensors given. */
  readonly source: () => string;
  readonly workgroups: readonly [number, number, number];
}

/** What was done so far. */
export interface Counts {
  dispatches: number;
  submits: number;
  reads: number;
  bytesUploaded: number;
  buffersMade: number;
  bindGroupsMade: number;
  pipelinesMade: number;
}

/** A pipeline, and its bind groups by the ids of their buffers. */
interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly groups: Map<string, GPUBindGroup>;
}

/** Tensors of one buffer. */
export interface Together {
  readonly buffer: GPUBuffer;
  /** Floats from one to the next. */
  readonly pitch: number;
  readonly tensors: tf.TensorInfo[];
}

/** Floats at whose multiples a part of a buffer may start: 256 bytes on every device. */
const ALIGNMENT = 64;

const storageUsage = () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

const MOST_UNIFORMS = 4096;
/** Of one pipeline; more are there where buffers come and go. */
const MOST_GROUPS = 4096;

/**
 * tfjs's WebGPU backend with another recorder: commands are submitted once a step, at the first read or when the program waits;
 * buffers, bind groups and pipelines are kept. Kernels of this package run programs by {@link run}, all others are tfjs's.
 */
export class WebgpuBackend extends TfjsWebgpu {
  readonly pool: BufferPool;
  readonly info: GPUAdapterInfo;
  /** Where set, every product takes this tile. */
  tile: Tile | undefined;
  readonly #pipelines = new Map<string, Pipeline>();
  readonly #tfjsPipelines = new WeakMap<GPUComputePipeline, Pipeline>();
  readonly #uniforms = new Map<string, GPUBufferBinding>();
  readonly #counts = { dispatches: 0, submits: 0, reads: 0, bytesUploaded: 0, bindGroupsMade: 0, pipelinesMade: 0 };
  readonly #processor: Processor;
  #willSubmit = false;
  #isDisposed = false;
  #failure: Error | undefined;

  constructor({ device, info }: Opened) {
    super(device, info);
    this.pool = new BufferPool(device);
    this.bufferManager = this.pool;
    this.info = info;
    this.#processor = processorOf(info, device.limits.maxComputeInvocationsPerWorkgroup);
    void device.lost.then(({ reason, message }) => {
      if (!this.#isDisposed) this.#failure = new Error(`webgpu: the device was lost (${reason}): ${message}`);
    });
    device.addEventListener('uncapturederror', ({ error }) => {
      this.#failure ??= new Error(`webgpu: ${error.message}`);
    });
  }

  /** What was done so far. */
  get counts(): Readonly<Counts> {
    return { ...this.#counts, buffersMade: this.pool.made };
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
    return { buffer, pitch, tensors };
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
    const [from, to] = [this.#bindingOf(tensor), this.#bindingOf(copy)];
    this.#copy(from, to.buffer);
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

  /** Records a program. */
  run({ key, source, workgroups }: Program, tensors: readonly (tf.TensorInfo | GPUBuffer)[]): void {
    let pipeline = this.#pipelines.get(key);
    if (!pipeline) {
      pipeline = { pipeline: this.#compile(key, source()), groups: new Map() };
      this.#pipelines.set(key, pipeline);
    }
    const bindings = tensors.map((each) => (each instanceof GPUBuffer ? { buffer: each } : this.#bindingOf(each)));
    this.#dispatch(pipeline, bindings, workgroups);
  }

  override uploadToGPU(dataId: object): void {
    const data = this.tensorMap.get(dataId);
    if (data.resource) return;
    const bytes = tf.util.sizeFromShape(data.shape) * 4;
    data.resource = this.pool.acquireBuffer(bytes, storageUsage(), Boolean(data.values));
    if (!data.values) return;
    const Numbers = data.dtype === 'float32' ? Float32Array : Int32Array;
    const { values } = data;
    const numbers = values instanceof Numbers ? values : new Numbers(values as Float32Array);
    this.queue.writeBuffer(data.resource, 0, numbers as Float32Array<ArrayBuffer>);
    this.#counts.bytesUploaded += bytes;
    data.values = null;
  }

  override submitQueue(): void {
    super.submitQueue();
    this.#counts.submits++;
    this.pool.recording++;
  }

  /** Submits what is recorded. */
  flush(): void {
    if (!this.commandEncoder || this.#isDisposed) return;
    this.endComputePassEncoder();
    this.submitQueue();
  }

  override async getBufferData(buffer: GPUBuffer): Promise<ArrayBuffer> {
    this.#counts.reads++;
    this.#throwFailure();
    const values = await super.getBufferData(buffer);
    this.#throwFailure();
    return values;
  }

  override read(dataId: object): Promise<tf.backend_util.BackendValues> {
    this.#separate(dataId);
    return super.read(dataId);
  }

  override readToGPU(dataId: object): tf.GPUData {
    this.#separate(dataId);
    return super.readToGPU(dataId);
  }

  override readSync(dataId: object): tf.backend_util.BackendValues {
    const { values, complexTensorInfos } = this.tensorMap.get(dataId);
    if (values) return values;
    this.#separate(dataId);
    if (complexTensorInfos || typeof OffscreenCanvas !== 'undefined') return super.readSync(dataId);
    throw new Error('webgpu: values cannot be read at once here: use await tensor.data(), not tensor.dataSync().');
  }

  override makeUniforms(uniforms: ProgramUniforms): GPUBufferBinding {
    const key = uniforms.map(({ type, data }) => `${type} ${data}`).join();
    let binding = this.#uniforms.get(key);
    if (!binding) {
      if (this.#uniforms.size >= MOST_UNIFORMS) this.#forgetUniforms();
      binding = super.makeUniforms(uniforms);
      // Otherwise it would be free after the next submit.
      this.uniformPendingDisposal.pop();
      this.#uniforms.set(key, binding);
    }
    return binding;
  }

  /** Of tfjs's programs; as tfjs's, but with the bind group kept. */
  override recordAndSubmit(
    program: TfjsProgram,
    output: tf.TensorInfo,
    inputs: tf.TensorInfo[],
    uniforms: ProgramUniforms = [],
  ): void {
    const numbers = this.makeUniforms([...shapeUniforms(program, output, inputs), ...uniforms]);
    const tensors = [output, ...inputs];
    const resources = tensors.map((tensor) => this.tensorMap.get(tensor.dataId).resource);
    let kept = this.#tfjsPipelines.get(program.pipeline);
    if (!kept) {
      this.#counts.pipelinesMade++;
      this.#tfjsPipelines.set(program.pipeline, (kept = { pipeline: program.pipeline, groups: new Map() }));
    }
    if (resources.every((resource) => resource instanceof GPUBuffer)) {
      this.#dispatch(kept, [...tensors.map((tensor) => this.#bindingOf(tensor)), numbers], program.dispatch);
      return;
    }
    // Textures are written to by the queue, and are to stay until the commands are submitted.
    for (const { dataId } of tensors) this.commandQueueOwnedIds.add(dataId);
    const views = resources.map((resource) =>
      resource instanceof GPUTexture ? resource.createView() : { buffer: resource as GPUBuffer },
    );
    this.#record(kept.pipeline, this.#group(kept.pipeline, [...views, numbers]), program.dispatch);
    this.flush();
  }

  override async time(run: () => void): Promise<tf.BackendTimingInfo> {
    const start = performance.now();
    run();
    this.flush();
    await this.queue.onSubmittedWorkDone();
    return { kernelMs: performance.now() - start };
  }

  override memory(): { unreliable: boolean; numBytesInGPU: number; numBytesAllocatedInGPU: number } {
    const { numBytesUsed, numBytesAllocated } = this.pool;
    return { unreliable: false, numBytesInGPU: numBytesUsed, numBytesAllocatedInGPU: numBytesAllocated };
  }

  override dispose(): void {
    if (this.#isDisposed) return;
    this.flush();
    this.#isDisposed = true;
    super.dispose();
    this.device.destroy();
  }

  #bindingOf({ dataId }: tf.TensorInfo): GPUBufferBinding {
    this.uploadToGPU(dataId);
    const { resource, offset, shape } = this.tensorMap.get(dataId);
    const buffer = resource as GPUBuffer;
    return offset === undefined ? { buffer } : { buffer, offset, size: tf.util.sizeFromShape(shape) * 4 };
  }

  /** Gives a tensor a buffer of its own, of which tfjs reads all. */
  #separate(dataId: object): void {
    const data = this.tensorMap.get(dataId);
    if (data.offset === undefined) return;
    const from = this.#bindingOf({ dataId, shape: data.shape, dtype: data.dtype });
    const buffer = this.pool.acquireBuffer(from.size!, storageUsage());
    this.#copy(from, buffer);
    this.pool.releaseBuffer(from.buffer);
    data.resource = buffer;
    data.offset = undefined;
  }

  #copy({ buffer, offset = 0, size = buffer.size }: GPUBufferBinding, to: GPUBuffer): void {
    this.#throwFailure();
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.commandEncoder!.copyBufferToBuffer(buffer, offset, to, 0, size);
    this.#submitSoon();
  }

  #compile(key: string, code: string): GPUComputePipeline {
    this.#counts.pipelinesMade++;
    const module = this.device.createShaderModule({ code, label: key });
    return this.device.createComputePipeline({ layout: 'auto', compute: { module, entryPoint: 'main' }, label: key });
  }

  #dispatch(
    { pipeline, groups }: Pipeline,
    bindings: readonly GPUBufferBinding[],
    workgroups: readonly [number, number, number],
  ): void {
    let key = '';
    for (const { buffer, offset = 0 } of bindings) key += `${this.pool.idOf(buffer)} ${offset},`;
    let group = groups.get(key);
    if (!group) {
      if (groups.size >= MOST_GROUPS) groups.clear();
      groups.set(key, (group = this.#group(pipeline, bindings)));
    }
    this.#record(pipeline, group, workgroups);
  }

  #group(pipeline: GPUComputePipeline, resources: readonly GPUBindingResource[]): GPUBindGroup {
    this.#counts.bindGroupsMade++;
    return this.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
  }

  #record(pipeline: GPUComputePipeline, group: GPUBindGroup, workgroups: readonly [number, number, number]): void {
    this.#throwFailure();
    this.ensureCommandEncoderReady();
    const pass = (this.computePassEncoder ??= this.commandEncoder!.beginComputePass());
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...workgroups);
    this.#counts.dispatches++;
    this.#submitSoon();
  }

  /** Submits when the program waits, at the latest. */
  #submitSoon(): void {
    if (this.#willSubmit) return;
    this.#willSubmit = true;
    queueMicrotask(() => {
      this.#willSubmit = false;
      this.flush();
    });
  }

  /** Destroys all buffers of uniforms; they are made again where they are needed. */
  #forgetUniforms(): void {
    this.flush();
    for (const { buffer } of this.#uniforms.values()) this.pool.releaseBuffer(buffer, false);
    this.#uniforms.clear();
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure;
  }
}

/** The uniforms that every program of tfjs gets. */
function shapeUniforms(
  program: TfjsProgram,
  output: tf.TensorInfo,
  inputs: readonly tf.TensorInfo[],
): { type: string; data: number[] }[] {
  const { pixelsOpType, size, outputComponent = 1 } = program;
  const integers = (data: number[]) => ({ type: 'int32', data });
  const withSize = size ? [integers([tf.util.sizeFromShape(program.outputShape) / outputComponent])] : [];
  if (pixelsOpType !== undefined && pixelsOpType !== null)
    return [integers(tf.util.computeStrides(output.shape)), ...withSize];
  const shapes = [...inputs, output].flatMap(({ shape }) => [
    // tfjs changes the list of a scalar's sizes.
    integers([...shape]),
    integers(tf.util.computeStrides(shape)),
  ]);
  const constants = [NaN, Infinity].map((value) => ({ type: 'float32', data: [value] }));
  return [...constants, ...shapes, ...withSize];
}
