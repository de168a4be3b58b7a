import { providedH5wasm } from './h5wasm.js';

/** As in h5wasm.node.ts. A bundle has it only where the program imports `skipscale/hdf5`. */
export async function loadH5wasm(): Promise<typeof import('h5wasm')> {
  const h5wasm = providedH5wasm();
  if (h5wasm) return h5wasm;
  throw new Error(
    "Keras's HDF5 files take h5wasm: npm install h5wasm, and import 'skipscale/hdf5' in the page's program.",
  );
}
