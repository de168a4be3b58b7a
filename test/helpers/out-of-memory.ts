import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../../src/backends/simd/backend.js';

/** What the backend's errors say where memory is out. */
export const outOfMemory = /simd: out of memory/;

/**
 * Attempts something with memory that is out at the first thing that asks for some, then with memory that is out at the second,
 * and so on until all of it is had.
 * @param step - Memory is out at each step-th request only, where there are many.
 * @returns how often it failed.
 */
export async function outOfMemoryAtEach(attempt: () => unknown, step = 1): Promise<number> {
  const { allocator } = (tf.backend() as SimdBackend).runtime;
  const allocate = allocator.allocate.bind(allocator);
  for (let nth = 1, failures = 0; ; nth += step, failures++) {
    let requests = 0;
    const spy = jest
      .spyOn(allocator, 'allocate')
      .mockImplementation((bytes) => (++requests === nth ? undefined : allocate(bytes)));
    try {
      await attempt();
    } finally {
      spy.mockRestore();
    }
    if (requests < nth) return failures;
  }
}
