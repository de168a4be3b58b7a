import { notInstalled } from '../../core/not-installed.js';
import { providedH5wasm } from './h5wasm.js';

/**
 * The library of HDF5 files, which is installed by those who need it; its file system is in memory.
 * @throws Error where it is not installed.
 */
export async function loadH5wasm(): Promise<typeof import('h5wasm')> {
  try {
    // The comments tell bundlers for servers to leave it to Node, since it may be missing.
    return (
      providedH5wasm() ??
      (await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ 'h5wasm'))
    );
  } catch (error) {
    throw notInstalled("Keras's HDF5 files take h5wasm", 'h5wasm', error);
  }
}
