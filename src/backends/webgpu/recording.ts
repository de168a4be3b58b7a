import * as tf from '@tensorflow/tfjs-core';
import type { Opened } from './device.js';
import { BufferPool } from './pool.js';
import { Profile, type ProfiledDispatch } from './profile.js';
import { Programs, type Pipeline } from './programs.js';
import { TfjsWebgpu, type ProgramUniforms, type TfjsProgram } from './tfjs.js';

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

/** How buffers of tensors are used. */
export const storageUsage = () => GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;

const MOST_UNIFORMS = 4096;

/**
 * tfjs's WebGPU backend with another recorder: commands are submitted once a step, at the first read or when the program waits;
 * buffers, bind groups and pipelines are kept, and a tensor's buffer is free for the next one at once.
 */
export class RecordingBackend extends TfjsWebgpu {
  readonly pool: BufferPool;
  readonly programs: Programs;
  readonly #uniforms = new Map<string, GPUBufferBinding>();
  readonly #counts = { dispatches: 0, submits: 0, reads: 0, bytesUploaded: 0 };
  #profile: Profile | undefined;
  #willSubmit = false;
  #isDisposed = false;
  #failure: Error | undefined;

  /** @param opened - Kept, since Dawn's devices end with the object that gave them. */
  constructor(readonly opened: Opened) {
    const { device, info } = opened;
    super(device, info);
    this.pool = new BufferPool(device);
    this.bufferManager = this.pool;
    this.programs = new Programs(device, (buffer) => this.pool.idOf(buffer));
    void device.lost.then(({ reason, message }) => {
      if (!this.#isDisposed) this.#failure = new Error(`webgpu: the device was lost (${reason}): ${message}`);
    });
    device.addEventListener('uncapturederror', (event) => {
      // It is thrown; the console need not say it too.
      event.preventDefault();
      this.#failure ??= new Error(`webgpu: ${event.error.message}`);
    });
  }

  /** What was done so far. */
  get counts(): Readonly<Counts> {
    const { pipelinesMade, bindGroupsMade } = this.programs;
    return { ...this.#counts, buffersMade: this.pool.made, pipelinesMade, bindGroupsMade };
  }

  override uploadToGPU(dataId: object): void {
    const data = this.tensorMap.get(dataId);
    if (data.resource) return;
    const bytes = tf.util.sizeFromShape(data.shape) * 4;
    data.resource = this.pool.acquireBuffer(bytes, storageUsage(), Boolean(data.values));
    if (data.sum) return data.sum.compute();
    if (!data.values) return;
    const Numbers = data.dtype === 'float32' ? Float32Array : Int32Array;
    const { values } = data;
    const numbers = values instanceof Numbers ? values : new Numbers(values as Float32Array);
    this.queue.writeBuffer(data.resource, 0, numbers as Float32Array<ArrayBuffer>);
    this.#counts.bytesUploaded += bytes;
    data.values = null;
  }

  override disposeData(dataId: object, force = false): boolean {
    const data = this.tensorMap.has(dataId) ? this.tensorMap.get(dataId) : undefined;
    const isGone = super.disposeData(dataId, force);
    if (isGone && data?.sum) this.disposeData(data.sum.parts.dataId);
    return isGone;
  }

  /** tfjs takes what is not on the device for being here. */
  override shouldExecuteOnCPU(inputs: tf.TensorInfo[], sizeThreshold?: number): boolean {
    const areHere = inputs.every(({ dataId }) => this.tensorMap.get(dataId).values);
    return areHere && super.shouldExecuteOnCPU(inputs, sizeThreshold);
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
    if (this.tensorMap.get(dataId).sum) this.uploadToGPU(dataId);
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
    throw new Error(
      'webgpu: values cannot be read at once here: use await tensor.data(), not tensor.dataSync().',
    );
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
    const pipeline = this.programs.other(program.pipeline);
    if (resources.every((resource) => resource instanceof GPUBuffer)) {
      const bindings = [...tensors.map((tensor) => this.bindingOf(tensor)), numbers];
      this.dispatch(pipeline, this.programs.group(pipeline, bindings), program.dispatch);
      return;
    }
    // Textures are written to by the queue, and are to stay until the commands are submitted.
    for (const { dataId } of tensors) this.commandQueueOwnedIds.add(dataId);
    const views = resources.map((resource) =>
      resource instanceof GPUTexture ? resource.createView() : { buffer: resource as GPUBuffer },
    );
    const group = this.programs.newGroup(pipeline.pipeline, [...views, numbers]);
    this.dispatch(pipeline, group, program.dispatch);
    this.flush();
  }

  /** How long each dispatch of some work takes. The device has to have the feature timestamp-query. */
  async profile(work: () => Promise<unknown>): Promise<ProfiledDispatch[]> {
    this.flush();
    this.#profile = new Profile(this.device);
    try {
      await work();
      this.flush();
      return await this.#profile.read();
    } finally {
      this.#profile = undefined;
    }
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

  /** Records workgroups of a pipeline. */
  dispatch({ pipeline }: Pipeline, group: GPUBindGroup, workgroups: readonly [number, number, number]): void {
    this.#throwFailure();
    this.ensureCommandEncoderReady();
    if (this.#profile) this.endComputePassEncoder();
    const pass = (this.computePassEncoder ??= this.commandEncoder!.beginComputePass(
      this.#profile?.timestampsOf(pipeline.label),
    ));
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(...workgroups);
    this.#counts.dispatches++;
    this.#submitSoon();
  }

  /** Where a tensor's values are on the device. */
  bindingOf({ dataId }: tf.TensorInfo): GPUBufferBinding {
    this.uploadToGPU(dataId);
    const { resource, offset, shape } = this.tensorMap.get(dataId);
    const buffer = resource as GPUBuffer;
    return offset === undefined ? { buffer } : { buffer, offset, size: tf.util.sizeFromShape(shape) * 4 };
  }

  /** Forgets what was read of a tensor's values, since a kernel changes them. */
  forgetValues(dataId: object): void {
    this.uploadToGPU(dataId);
    this.tensorMap.get(dataId).values = null;
  }

  /** Gives a tensor a buffer of its own, of which tfjs reads all. */
  #separate(dataId: object): void {
    const data = this.tensorMap.get(dataId);
    if (data.offset === undefined) return;
    const from = this.bindingOf({ dataId, shape: data.shape, dtype: data.dtype });
    const buffer = this.pool.acquireBuffer(from.size!, storageUsage());
    this.copy(from, { buffer });
    this.pool.releaseBuffer(from.buffer);
    data.resource = buffer;
    data.offset = undefined;
  }

  /** Records a copy of a tensor's values. */
  copy({ buffer, offset = 0, size = buffer.size }: GPUBufferBinding, to: GPUBufferBinding): void {
    this.#throwFailure();
    this.ensureCommandEncoderReady();
    this.endComputePassEncoder();
    this.commandEncoder!.copyBufferToBuffer(buffer, offset, to.buffer, to.offset ?? 0, size);
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
