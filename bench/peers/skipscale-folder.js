// node skipscale-folder.js CHECKOUT classify|network MODEL THREADS BATCH FOLDER: all photos of a folder, or as many predictions.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { serve } from './serve.js';

const [checkout, what, name, threads, batch, folder] = process.argv.slice(2);
const from = (file) => import(pathToFileURL(join(checkout, 'dist/esm', file)).href);
const { buildModel, classify, preprocess } = await from('index.js');
const { setThreads } = await from('backends/simd/index.js');
setThreads(Number(threads));
const model = buildModel(name);
model.fuse();
const batchSize = Number(batch);
const photos = readdirSync(folder).map((file) => join(folder, file));
if (what === 'classify') {
  await serve(() => classify(model, photos, { batchSize }));
} else {
  const images = await preprocess(photos.slice(0, batchSize), model.preprocessing);
  await serve(async () => {
    for (let done = 0; done < photos.length; done += batchSize) {
      const logits = model.predict(images);
      await logits.data();
      logits.dispose();
    }
  });
}
