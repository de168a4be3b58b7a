// Numbers of the jobs that the WebAssembly module can run; read by AssemblyScript and by TypeScript.

export const CONVOLVE = 0;
export const PACK = 1;
export const WINOGRAD = 2;
export const WINOGRAD_PACK = 3;
export const PAD = 4;
export const WINOGRAD_INPUT = 5;
export const WINOGRAD_PRODUCT = 6;
export const WINOGRAD_OUTPUT = 7;
