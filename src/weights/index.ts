export type { TransferLimits } from '../core/transfer-limits.js';
export { cacheFolder, clearCache, listCache, type CachedFile } from './cache.js';
export { CheckpointError, HostTensor, type Checkpoint, type DType } from './checkpoint.js';
export type { FetchOptions, WeightsSource } from './fetch-source.js';
export type { HubOptions } from './hub.js';
export { removeWeights, storeWeights } from './indexed-db.js';
export { readKeras } from './keras.js';
export { load, type LoadOptions } from './load.js';
export { loadWeights, type LoadedWeights, type LoadWeightsOptions } from './load-weights.js';
export type { NetworkWeightsOptions } from './network-weights.js';
export { exportOnnx } from './onnx.js';
export { readCheckpoint } from './read-checkpoint.js';
export type { ReadOptions } from './read-source.js';
export { readPyTorch } from './pytorch.js';
export type { SourceName } from './names/name-map.js';
export { saveWeights, type SaveWeightsOptions } from './save-weights.js';
export {
  readSafetensors,
  writeSafetensors,
  type TensorToWrite,
  type WriteSafetensorsOptions,
} from './safetensors.js';
