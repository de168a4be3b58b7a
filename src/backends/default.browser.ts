import { registerHost } from './host.js';
import { readyIn, registered, switchTo } from './ready.js';

// A page gets no backend that it does not use: `ready` loads one.
registerHost();

/** As in default.node.ts, whose types programs see. */
export const ready = readyIn({ loaders: { webgl: loadWebgl, simd: loadSimd, cpu: loadCpu }, choose });

async function choose(): Promise<void> {
  if (registered().includes('webgpu') && (await hasWebgpu()) && (await switchTo('webgpu'))) return;
  if (hasGraphicsCard() && (await loadWebgl()) && (await switchTo('webgl'))) return;
  if ((await loadSimd()) && (await switchTo('simd'))) return;
  await loadCpu();
  await switchTo('cpu');
}

interface Gpu {
  requestAdapter(): Promise<{ info?: { isFallbackAdapter?: boolean } } | null>;
}

/** Whether there is a device for WebGPU that is not made of software. */
async function hasWebgpu(): Promise<boolean> {
  const { gpu } = globalThis.navigator as { gpu?: Gpu };
  const adapter = await gpu?.requestAdapter();
  return adapter != null && !adapter.info?.isFallbackAdapter;
}

/** Whether WebGL 2 is there and not computed by the processor. */
function hasGraphicsCard(): boolean {
  if (typeof OffscreenCanvas === 'undefined') return false;
  const context = new OffscreenCanvas(1, 1).getContext('webgl2', { failIfMajorPerformanceCaveat: true });
  if (!context) return false;
  let renderer = String(context.getParameter(context.RENDERER));
  // Chromium and Safari name themselves here; Firefox names the card, and would warn of the extension.
  if (renderer === 'WebKit WebGL') {
    const extension = context.getExtension('WEBGL_debug_renderer_info');
    if (extension) renderer = String(context.getParameter(extension.UNMASKED_RENDERER_WEBGL));
  }
  context.getExtension('WEBGL_lose_context')?.loseContext();
  return !/swiftshader|llvmpipe|software|basic render/i.test(renderer);
}

/** Registers `webgl`, where the browser has it. */
async function loadWebgl(): Promise<boolean> {
  if (typeof WebGL2RenderingContext === 'undefined') return false;
  await import('@tensorflow/tfjs-backend-webgl');
  return true;
}

/** A module with one function of one vector: `i8x16.splat` of 0, dropped. */
const simdProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11,
]);

/** Registers `simd`, where the browser has WebAssembly's vectors. */
async function loadSimd(): Promise<boolean> {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(simdProbe)) return false;
  await import('./simd/index.js');
  return true;
}

async function loadCpu(): Promise<boolean> {
  await import('@tensorflow/tfjs-backend-cpu');
  return true;
}
