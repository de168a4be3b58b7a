/** Takes a batch of two workers, and neither the rest nor leave. Arguments: the workers' module, and a folder of images. */
import { BatchWorkers } from '../../../src/training/data/workers.js';

const [module, folder] = process.argv.slice(2) as [string, string];
const { source } = new BatchWorkers(module, { workers: 2, parameters: folder });
for (const epoch of [0, 1]) {
  const { value } = await source(epoch, 0)[Symbol.asyncIterator]().next();
  console.log(value!.images.length);
}
