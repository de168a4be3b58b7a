/** What a worker thread of `skipscale predict` runs. */
import { decodeImage } from '#decode-image';
import { parentPort, workerData } from 'node:worker_threads';
import { NotInstalledError } from '../core/not-installed.js';
import type { Preprocessing } from '../models/preprocessing.js';
import { resizeAndCrop } from '../vision/resize.js';
import type { PrepareAnswer, PrepareQuestion } from './predict/prepare-pool.js';

parentPort!.on('message', async ({ id, source }: PrepareQuestion) => {
  try {
    const { width, height, data } = resizeAndCrop(await decodeImage(source), workerData as Preprocessing);
    const pixels = new Uint8Array(data);
    const square = { width, height, data: pixels };
    parentPort!.postMessage({ id, square } satisfies PrepareAnswer, [pixels.buffer]);
  } catch (error) {
    const isNotInstalled = error instanceof NotInstalledError;
    const message = error instanceof Error ? error.message : String(error);
    parentPort!.postMessage({ id, error: { message, isNotInstalled } } satisfies PrepareAnswer);
  }
});
