import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { ready } from '../../src/backends/index.js';
import type { WebgpuBackend } from '../../src/backends/webgpu/backend.js';
import { WEBGPU } from '../../src/backends/webgpu/index.js';

/** The driver's file, which the environment variable of Vulkan's loader names. */
const driver = process.env.VK_DRIVER_FILES ?? '';

/**
 * `describe` with the backend in WGSL as the current one. Where there is no driver, a skipped test says so; in CI, where nothing
 * is skipped, the tests run and fail.
 */
export function describeOnWebgpu(name: string, tests: () => void): void {
  if (!existsSync(driver) && !process.env.CI) {
    test.skip(`${name} (no driver of Vulkan: install chromium, or set VK_DRIVER_FILES)`, () => {});
    return;
  }
  describe(name, () => {
    beforeAll(() => ready({ backend: WEBGPU }));
    afterAll(() => tf.removeBackend(WEBGPU));
    tests();
  });
}

/** The backend, which is the current one. */
export function webgpuBackend(): WebgpuBackend {
  return tf.backend() as WebgpuBackend;
}

/** What `work` adds to the backend's counts. */
export async function countedOnWebgpu(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const before = webgpuBackend().counts;
  await work();
  const after = webgpuBackend().counts;
  return Object.fromEntries(
    Object.entries(after).map(([name, count]) => [name, count - before[name as keyof typeof before]]),
  );
}
