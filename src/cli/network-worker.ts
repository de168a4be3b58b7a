/** What the thread with the network of `skipscale serve` runs. */
import '#backends';
import { on } from 'node:events';
import { parentPort, workerData } from 'node:worker_threads';
import type { RgbImage } from '../vision/image.js';
import { withNamedModel, type NamedModelOptions } from './load-model.js';
import { networkOf, type NetworkMessage } from './serve/network.js';

const post = (message: NetworkMessage) => parentPort!.postMessage(message);

await withNamedModel(workerData as NamedModelOptions, async (model) => {
  const { classify, ...facts } = networkOf(model);
  post({ facts });
  for await (const [squares] of on(parentPort!, 'message') as AsyncIterable<[RgbImage[]]>) {
    try {
      post({ answers: await classify(squares) });
    } catch (error) {
      post({ error: error as Error });
    }
  }
});
