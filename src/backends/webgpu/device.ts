import { advice, findGpu } from '#gpu';

/** A device, and the WebGPU that it comes from. */
export interface Opened {
  readonly gpu: GPU;
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
}

/** Features that kernels may use where the adapter has them. */
const FEATURES = ['timestamp-query', 'shader-f16', 'subgroups'] as const;

/** Limits that are taken as high as the adapter has them. */
const LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupsPerDimension',
] as const;

/**
 * Opens the fastest device that there is.
 * @throws Error where there is none; it says what to do.
 */
export async function openDevice(): Promise<Opened> {
  const gpu = await findGpu();
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new Error(`WebGPU finds no device here. ${advice}`);
  const device = await adapter.requestDevice({
    requiredFeatures: FEATURES.filter((feature) => adapter.features.has(feature)),
    requiredLimits: Object.fromEntries(LIMITS.map((name) => [name, adapter.limits[name]])),
  });
  return { gpu, device, info: adapter.info };
}
