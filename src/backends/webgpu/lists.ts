import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from './backend.js';
import { storageUsage } from './recording.js';
import { flatWorkgroups, inFours } from './wgsl/buffers.js';
import { addSlicesOfManySource } from './wgsl/slices.js';

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
  backend: WebgpuBackend,
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
 * The one buffer in which these tensors lie as {@link allocateList} lays them. Where they do not yet, they are moved to a new one, and
 * stay there; sums that were not computed yet are computed there.
 */
export function gather(backend: WebgpuBackend, tensors: readonly tf.TensorInfo[]): GPUBuffer {
  const found = gathered(backend, tensors);
  if (found) return found;
  const { buffer, tensors: places } = allocateList(
    backend,
    tensors.map(({ shape }) => shape),
  );
  const moves = tensors.map((tensor, i) => ({ tensor, place: places[i]! }));
  const sums = moves.filter(({ tensor }) => isOpenSum(backend, tensor));
  const most = Math.min(8, backend.device.limits.maxStorageBuffersPerShaderStage) - 2;
  for (let i = 0; i < sums.length; i += most) addSums(backend, buffer, sums.slice(i, i + most));
  for (const each of moves) if (!sums.includes(each)) copyTo(backend, each);
  return buffer;
}

/** Calls `use` with one buffer of these tensors' values; a copy where they do not lie in one and others keep them too. */
export function withGathered<T>(
  backend: WebgpuBackend,
  tensors: readonly tf.TensorInfo[],
  use: (buffer: GPUBuffer) => T,
): T {
  // Gradients may as well be moved; variables of an average stay where their optimizer has them.
  if (tensors.some((tensor) => isOpenSum(backend, tensor))) return use(gather(backend, tensors));
  const found = gathered(backend, tensors);
  if (found) return use(found);
  const { starts, length } = layoutOf(tensors.map(({ shape }) => shape));
  const buffer = backend.pool.acquireBuffer(length * 4, storageUsage());
  tensors.forEach((tensor, i) => backend.copy(backend.bindingOf(tensor), { buffer, offset: starts[i]! * 4 }));
  const result = use(buffer);
  backend.pool.releaseBuffer(buffer);
  return result;
}

/** A tensor, and one that has its place in a list. */
interface Move {
  readonly tensor: tf.TensorInfo;
  readonly place: tf.TensorInfo;
}

/** Whether a tensor is a sum that was not computed yet, of fours. */
function isOpenSum(backend: WebgpuBackend, { dataId, shape }: tf.TensorInfo): boolean {
  return backend.tensorMap.get(dataId).sum !== undefined && inFours(tf.util.sizeFromShape(shape));
}

/** Computes sums where they are to lie. */
function addSums(backend: WebgpuBackend, buffer: GPUBuffer, sums: readonly Move[]): void {
  const sizes = sums.map(({ place }) => tf.util.sizeFromShape(place.shape) / 4);
  const words = sums.flatMap(({ place }, i) => [backend.tensorMap.get(place.dataId).offset! / 16, sizes[i]!]);
  const table = backend.makeTensorInfo([words.length], 'int32', Int32Array.from(words));
  const parts = sums.map(({ tensor }) => backend.tensorMap.get(tensor.dataId).sum!.parts);
  const program = {
    key: `add slices of ${sums.length}`,
    source: () => addSlicesOfManySource(sums.length),
    workgroups: flatWorkgroups(sizes.reduce((a, b) => a + b)),
  };
  backend.run(program, [table, buffer, ...parts]);
  backend.disposeData(table.dataId);
  sums.forEach((each, i) => {
    backend.tensorMap.get(each.tensor.dataId).sum = undefined;
    backend.disposeData(parts[i]!.dataId);
    takePlace(backend, each);
  });
}

function copyTo(backend: WebgpuBackend, each: Move): void {
  const from = backend.bindingOf(each.tensor);
  backend.copy(from, backend.bindingOf(each.place));
  backend.pool.releaseBuffer(from.buffer);
  takePlace(backend, each);
}

/** Gives a tensor the place of the other one, which goes. */
function takePlace(backend: WebgpuBackend, { tensor, place }: Move): void {
  const from = backend.tensorMap.get(place.dataId);
  Object.assign(backend.tensorMap.get(tensor.dataId), { resource: from.resource, offset: from.offset });
  from.resource = null;
  backend.disposeData(place.dataId);
}

/** The buffer in which all of these lie in their order, if they do. */
function gathered(backend: WebgpuBackend, tensors: readonly tf.TensorInfo[]): GPUBuffer | undefined {
  const { starts, length } = layoutOf(tensors.map(({ shape }) => shape));
  const { resource } = backend.tensorMap.get(tensors[0]!.dataId);
  const areThere = tensors.every(({ dataId }, i) => {
    const data = backend.tensorMap.get(dataId);
    return data.resource && data.resource === resource && (data.offset ?? 0) === starts[i]! * 4;
  });
  const buffer = resource as GPUBuffer | undefined;
  return areThere && buffer?.size === length * 4 ? buffer : undefined;
}
