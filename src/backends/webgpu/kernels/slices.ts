import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from '../backend.js';
import { flatWorkgroups, inFours } from '../wgsl/buffers.js';
import { addSlicesSource } from '../wgsl/slices.js';

/**
 * A tensor that is a sum of so many parts: `write` sets them in a tensor [slices, …shape], and they are added in their order, so
 * that the result is always the same. They are added when the sum is used; those of all gradients together where an optimizer
 * takes them.
 */
export function sumOfSlices(
  backend: WebgpuBackend,
  shape: number[],
  slices: number,
  write: (parts: tf.TensorInfo) => void,
): tf.TensorInfo {
  const sum = backend.allocate(shape);
  if (slices === 1) {
    write(sum);
    return sum;
  }
  const parts = backend.allocate([slices, ...shape]);
  write(parts);
  const compute = () => {
    backend.tensorMap.get(sum.dataId).sum = undefined;
    const size = tf.util.sizeFromShape(shape);
    const row = inFours(size) ? 4 : 1;
    const workgroups = flatWorkgroups(size / row);
    backend.run({ key: `add slices ${row}`, source: () => addSlicesSource(row), workgroups }, [parts, sum]);
    backend.disposeData(parts.dataId);
  };
  backend.tensorMap.get(sum.dataId).sum = { parts, compute };
  return sum;
}
