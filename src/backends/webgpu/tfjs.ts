import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import type * as tf from '@tensorflow/tfjs-core';

// The one file that knows what is inside tfjs's backend, of version 4.22.0; test/backends/webgpu/tfjs.test.ts notices a change.

/** What tfjs's backend keeps of a tensor. */
export interface TensorData {
  /** Where they are on the processor, and not on the device yet. */
  values: tf.backend_util.BackendValues | null;
  /** Of the values on the device: a tensor of floats may hold integers that were cast. */
  readonly dtype: tf.DataType;
  readonly shape: number[];
  refCount: number;
  resource?: GPUBuffer | GPUTexture | null;
  /** Bytes before them in the buffer, which others share then; only this package's kernels make such tensors. */
  offset?: number | undefined;
  /** Of a sum that is not computed yet: its parts, and what computes it; only of this package's kernels. */
  sum?: { readonly parts: tf.TensorInfo; readonly compute: () => void } | undefined;
  readonly complexTensorInfos?: object;
}

/** What a program of tfjs needs besides its inputs. */
export type ProgramUniforms = readonly { readonly type: string; readonly data: number[] }[];

/** A program of tfjs, ready to run. */
export interface TfjsProgram {
  readonly pipeline: GPUComputePipeline;
  readonly dispatch: [number, number, number];
  readonly outputShape: number[];
  readonly outputComponent?: number;
  /** Whether it asks for the count of its values. */
  readonly size?: boolean;
  /** Where it reads or draws pixels. */
  readonly pixelsOpType?: number;
}

/** What tfjs's backend asks of the manager of its buffers. */
export interface BufferManager {
  numBytesUsed: number;
  numBytesAllocated: number;
  acquireBuffer(size: number, usage: number, mappedAtCreation?: boolean, reuse?: boolean): GPUBuffer;
  releaseBuffer(buffer: GPUBuffer, reuse?: boolean): void;
  dispose(): void;
}

/** tfjs's backend with the members that its types keep private and that this package uses or overrides. */
export interface TfjsBackend extends tf.KernelBackend {
  readonly device: GPUDevice;
  readonly queue: GPUQueue;
  readonly tensorMap: tf.DataStorage<TensorData>;
  bufferManager: BufferManager;
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  commandQueueOwnedIds: WeakSet<object>;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
  uploadToGPU(dataId: object): void;
  getBufferData(buffer: GPUBuffer): Promise<ArrayBuffer>;
  uniformPendingDisposal: GPUBuffer[];
  makeUniforms(uniforms: ProgramUniforms): GPUBufferBinding;
  recordAndSubmit(
    program: TfjsProgram,
    output: tf.TensorInfo,
    inputs: tf.TensorInfo[],
    uniforms?: ProgramUniforms,
  ): void;
  readToGPU(dataId: object): tf.GPUData;
  makeTensorInfo(shape: number[], dtype: tf.DataType, values?: unknown): tf.TensorInfo;
  disposeData(dataId: object, force?: boolean): boolean;
  shouldExecuteOnCPU(inputs: tf.TensorInfo[], sizeThreshold?: number): boolean;
}

/** tfjs's backend, as a class to extend. */
export const TfjsWebgpu = WebGPUBackend as unknown as new (
  device: GPUDevice,
  info: GPUAdapterInfo,
) => TfjsBackend;
