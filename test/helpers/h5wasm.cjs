/** h5wasm for jest, which cannot load its ES modules: the bundle that h5wasm has for script tags. */
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const bundle = join(__dirname, '..', '..', 'node_modules', 'h5wasm', 'dist', 'iife', 'h5wasm.js');
module.exports = new Function(`${readFileSync(bundle, 'utf8')};return h5wasm;`)();
