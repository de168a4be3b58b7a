/** The browser's WebGPU. */
export async function findGpu(): Promise<GPU> {
  const { gpu } = globalThis.navigator as { gpu?: GPU };
  if (gpu) return gpu;
  throw new Error(`This browser has no WebGPU (navigator.gpu). ${advice}`);
}

/** How to get an adapter, where there is none. */
export const advice =
  'Use a recent Chrome, Edge, Firefox or Safari, a page from https or localhost, and graphics acceleration switched on; or ' +
  "another backend, such as 'simd'.";
