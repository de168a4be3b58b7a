export type { ClassFolderOptions, SkippedFile } from './class-folders.js';
export { batches, type Batch, type BatchesOptions, type BatchSource } from './batches.js';
export { cifar10Dataset, cifar100Dataset } from './cifar.js';
export {
  arrayDataset,
  decodeAll,
  split,
  subset,
  type Dataset,
  type DecodeAllOptions,
  type SplitOptions,
} from './dataset.js';
export { folderDataset } from './folder.js';
export { idxDataset } from './idx.js';
export { anyMix, cutMix, mixup, type Mix } from './mix.js';
export { tarDataset } from './tar.js';
export { BatchWorkers, serveBatches, type BatchWorkersOptions, type ServedBatches } from './workers.js';
