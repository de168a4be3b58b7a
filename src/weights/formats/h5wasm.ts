type H5wasm = typeof import('h5wasm');

let provided: H5wasm | undefined;

/** Lets Keras's files be read by this library; `skipscale/hdf5` does it. */
export function provideH5wasm(h5wasm: H5wasm): void {
  provided = h5wasm;
}

/** The library, where it was provided. */
export function providedH5wasm(): H5wasm | undefined {
  return provided;
}
