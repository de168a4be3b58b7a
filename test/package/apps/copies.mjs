// Whether this folder's tfjs-core is another than skipscale's, and whether they are one engine.
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const own = require('@tensorflow/tfjs-core');
const skipscales = createRequire(require.resolve('skipscale'))('@tensorflow/tfjs-core');
console.log(
  JSON.stringify({ sameCode: own === skipscales, sameEngine: own.engine() === skipscales.engine() }),
);
