import * as tf from '@tensorflow/tfjs-core';
import { storageUsage, type RecordingBackend } from './recording.js';

/** Floats at whose multiples a part of a buffer may start: 256 bytes on every device. */
const ALIGNMENT = 64;

/** Floats from a tensor of so many to the next one of the same buffer. */
export function pitchOf(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}

/** Where tensors of these shapes lie in one buffer, in floats, and its length. */
export function layoutOf(shapes: readonly (readonly number[])[]): { starts: number[]; length: number } {
  let length = 0;
  const starts = shapes.map((shape) => {
    const start = length;
    length += pitchOf(tf.util.sizeFromShape([...shape]));
    return start;
  });
  return { starts, length };
}

/** New tensors that lie one after the other in one buffer, with room between them, and this buffer. */
export function allocateList(
  backend: RecordingBackend,
  shapes: readonly number[][],
): { readonly buffer: GPUBuffer; readonly tensors: tf.TensorInfo[] } {
  const { starts, length } = layoutOf(shapes);
  const buffer = backend.pool.acquireBuffer(length * 4, storageUsage());
  backend.pool.share(buffer, shapes.length);
  const tensors = shapes.map((shape, i) => {
    const tensor = backend.makeTensorInfo(shape, 'float32');
    Object.assign(backend.tensorMap.get(tensor.dataId), { resource: buffer, offset: starts[i]! * 4 });
    return tensor;
  });
  return { buffer, tensors };
}

/**
 * The one buffer in which these tensors lie as {@link allocateList} lays them, for a kernel that changes them. Where they do not lie
 * so yet, they are moved to a new one, and stay there.
 */
export function gather(backend: RecordingBackend, tensors: readonly tf.TensorInfo[]): GPUBuffer {
  for (const { dataId } of tensors) backend.forgetValues(dataId);
  const found = gathered(backend, tensors);
  if (found) return found;
  const { buffer, tensors: copies } = allocateList(
    backend,
    tensors.map(({ shape }) => shape),
  );
  tensors.forEach((tensor, i) => {
    const from = backend.bindingOf(tensor);
    const data = backend.tensorMap.get(copies[i]!.dataId);
    backend.copy(from, { buffer, offset: data.offset! });
    backend.pool.releaseBuffer(from.buffer);
    Object.assign(backend.tensorMap.get(tensor.dataId), { resource: buffer, offset: data.offset });
    data.resource = null;
    backend.disposeData(copies[i]!.dataId);
  });
  return buffer;
}

/** Calls `use` with one buffer of these tensors' values; a copy where they do not lie in one. */
export function withGathered<T>(
  backend: RecordingBackend,
  tensors: readonly tf.TensorInfo[],
  use: (buffer: GPUBuffer) => T,
): T {
  const found = gathered(backend, tensors);
  if (found) return use(found);
  const { starts, length } = layoutOf(tensors.map(({ shape }) => shape));
  const buffer = backend.pool.acquireBuffer(length * 4, storageUsage());
  tensors.forEach((tensor, i) => backend.copy(backend.bindingOf(tensor), { buffer, offset: starts[i]! * 4 }));
  const result = use(buffer);
  backend.pool.releaseBuffer(buffer);
  return result;
}

/** The buffer in which all of these lie in their order, if they do. */
function gathered(backend: RecordingBackend, tensors: readonly tf.TensorInfo[]): GPUBuffer | undefined {
  const { starts, length } = layoutOf(tensors.map(({ shape }) => shape));
  const buffer = backend.bindingOf(tensors[0]!).buffer;
  const isThere = tensors.every((tensor, i) => {
    const binding = backend.bindingOf(tensor);
    return binding.buffer === buffer && (binding.offset ?? 0) === starts[i]! * 4;
  });
  return isThere && buffer.size === length * 4 ? buffer : undefined;
}
