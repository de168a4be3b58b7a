// Node finds the names of CommonJS by reading it, without running it.
import * as library from 'skipscale';
import * as required from './node_modules/skipscale/dist/cjs/index.cjs';
import * as wrapped from './wrapper.cjs';

const names = (module) =>
  Object.keys(module).filter((name) => !['default', 'module.exports', '__esModule'].includes(name));
const missing = [required, wrapped].map((module) => names(library).filter((name) => !(name in module)));
console.log(JSON.stringify({ count: names(library).length, missing }));
