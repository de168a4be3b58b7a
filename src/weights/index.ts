export type { TransferLimits } from '../core/transfer-limits.js';
export { cacheFolder, clearCache, listCache, type CachedFile } from './sources/cache.js';
export { CheckpointError, HostTensor, type Checkpoint, type DType } from './formats/checkpoint.js';
export type { FetchOptions } from './sources/fetch-source.js';
export type { WeightsSource } from './sources/source-name.js';
export type { HubOptions } from './sources/hub.js';
export { removeWeights, storeWeights } from './sources/indexed-db.js';
export { decodeKeras } from './formats/keras.js';
export { load, type LoadOptions } from './load.js';
export type { LoadedWeights, LoadWeightsOptions } from './loaded-weights.js';
export type { NetworkWeightsOptions } from './network-weights.js';
export { exportOnnx, type ExportOnnxOptions } from './onnx/export.js';
export { decode } from './formats/decode.js';
export type { ReadOptions } from './sources/read-source.js';
export { decodePyTorch } from './formats/pytorch.js';
export type { SourceName } from './names/name-map.js';
export { save } from './save.js';
export { encode, type EncodeOptions } from './encode.js';
export {
  decodeSafetensors,
  encodeSafetensors,
  type TensorToWrite,
  type EncodeSafetensorsOptions,
} from './formats/safetensors.js';
