/** `navigator.gpu` where this runtime has it, as Deno; else that of npm's `webgpu`, which is Dawn. */
export async function findGpu(): Promise<GPU> {
  const { navigator } = globalThis as { navigator?: { gpu?: GPU } };
  if (navigator?.gpu) return navigator.gpu;
  const { create, globals } = await loadDawn();
  // tfjs's backend uses constants and classes such as GPUBufferUsage, which a browser has as globals.
  Object.assign(globalThis, globals);
  return create(process.env['SKIPSCALE_DAWN']?.split(',') ?? []);
}

/** How to get an adapter, where there is none. */
export const advice =
  "In Node, WebGPU takes a graphics card with its driver; on Linux it is Vulkan's, with the package libvulkan1. The environment " +
  'variable VK_DRIVER_FILES may name the file of a driver.';

async function loadDawn(): Promise<typeof import('webgpu')> {
  try {
    // The comments tell bundlers for servers to leave it to Node, since it may be missing.
    return await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ 'webgpu');
  } catch (error) {
    throw new Error('WebGPU in Node takes the package webgpu: npm install webgpu', { cause: error });
  }
}
