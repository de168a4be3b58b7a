/**
 * Writes the weights that the package has in it, weights/resnet20-cifar10.safetensors, in float16 from a training's.
 *
 *     npm run build
 *     node scripts/embed-weights.js RUN/model.safetensors
 *
 * RUN is a folder of `skipscale train --model resnet20` on CIFAR-10. The file's metadata has the architecture, the
 * convention and the classes' names.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { buildResNet, cifar10Labels, encode, load } from '../dist/esm/index.js';

/** What the package may carry. */
const MAX_BYTES = 700_000;
const out = new URL('../weights/resnet20-cifar10.safetensors', import.meta.url);

const [source] = process.argv.slice(2);
if (!source)
  throw new Error('Give the weights of a training: node scripts/embed-weights.js RUN/model.safetensors');
const model = buildResNet(20, { initialize: false });
await load(model, source);
model.labels ??= cifar10Labels;
if (model.labels.join() !== cifar10Labels.join()) {
  throw new Error(`The classes of ${source} are ${model.labels.join(', ')}; train on CIFAR-10.`);
}
const bytes = await encode(model, { dtype: 'F16' });
if (bytes.length > MAX_BYTES)
  throw new Error(`The file would have ${bytes.length} bytes; ${MAX_BYTES} is the limit.`);
mkdirSync(new URL('.', out), { recursive: true });
writeFileSync(out, bytes);
console.log(`${out.pathname}: ${bytes.length} bytes`);
