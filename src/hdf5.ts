/**
 * Lets a page read and write Keras's files: `import 'skipscale/hdf5'`, after `npm install h5wasm`. Node needs the package
 * only.
 *
 * @packageDocumentation
 */
import * as h5wasm from 'h5wasm';
import { provideH5wasm } from './weights/formats/h5wasm.js';

provideH5wasm(h5wasm);
