import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from '../backend.js';
import { flatWorkgroups, inFours } from '../wgsl/buffers.js';
import { addSlicesSource } from '../wgsl/slices.js';

/**
 * A tensor that is a sum of so many parts: `write` sets them in a tensor [slices, …shape], and they are added in their order, so
 * that the result is always the same.
 */
export function sumOfSlices(
  backend: WebgpuBackend,
  shape: number[],
  slices: number,
  write: (parts: tf.TensorInfo) => void,
): tf.TensorInfo {
  if (slices === 1) {
    const sum = backend.allocate(shape);
    write(sum);
    return sum;
  }
  const parts = backend.allocate([slices, ...shape]);
  write(parts);
  const sum = backend.allocate(shape);
  const size = tf.util.sizeFromShape(shape);
  const row = inFours(size) ? 4 : 1;
  const program = {
    key: `add slices ${row}`,
    source: () => addSlicesSource(row),
    workgroups: flatWorkgroups(size / row),
  };
  backend.run(program, [parts, sum]);
  backend.disposeData(parts.dataId);
  return sum;
}
