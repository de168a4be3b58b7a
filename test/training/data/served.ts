/** What the threads of workers.test.ts run. */
import { isMainThread } from 'node:worker_threads';
import { folderDataset } from '../../../src/training/data/folder.js';
import { mixup } from '../../../src/training/data/mix.js';
import { serveBatches, type ServedBatches } from '../../../src/training/data/workers.js';
import { padAndCrop } from '../../../src/vision/augment/crop.js';

/** Opens a folder of images of one size. */
export async function open(folder: string): Promise<ServedBatches> {
  return {
    dataset: await folderDataset(folder),
    batchSize: 4,
    seed: 3,
    augment: padAndCrop(2),
    mix: mixup(),
  };
}

if (!isMainThread) serveBatches(open);
