import type { Worker as NodeWorker } from 'node:worker_threads';

/** Starts a worker that runs `work(thread)` of the module over the memory, and never ends by itself. */
export type StartWorker = (
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  thread: number,
) => EndWorker;

/** Ends a worker. */
export type EndWorker = () => void;

/** What differs between Node and browsers. */
export interface Platform {
  /** Whether WebAssembly compiles and instantiates at once; a browser's main thread must not block. */
  readonly synchronous: boolean;
  /** Threads to start with: as many as processors, or what the environment variable SKIPSCALE_THREADS says. */
  readonly threads: number;
  /** Undefined where memory cannot be shared between threads. */
  readonly startWorker: StartWorker | undefined;
}

/** A module with one function of one `f32x4.relaxed_madd`. */
const relaxedProbe = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 123, 123, 123, 1, 123, 3, 2, 1, 0, 10, 13, 1, 11, 0, 32, 0, 32,
  1, 32, 2, 253, 133, 2, 11,
]);

/** Whether the engine has relaxed SIMD. Node 20 has it behind a flag, which is safe to set before the first use. */
export function hasRelaxedSimd(): boolean {
  if (WebAssembly.validate(relaxedProbe)) return true;
  nodeModule<typeof import('node:v8')>('node:v8')?.setFlagsFromString('--experimental-wasm-relaxed-simd');
  return WebAssembly.validate(relaxedProbe);
}

/** The platform that this runs on. */
export function platform(): Platform {
  const os = nodeModule<typeof import('node:os')>('node:os');
  const threads = nodeModule<typeof import('node:worker_threads')>('node:worker_threads');
  if (os && threads) {
    return {
      synchronous: true,
      threads: threadsOfEnvironment() ?? os.availableParallelism(),
      startWorker: (module, memory, thread) => startNodeWorker(threads.Worker, { module, memory, thread }),
    };
  }
  const shares = typeof SharedArrayBuffer !== 'undefined' && globalThis.crossOriginIsolated;
  return {
    synchronous: false,
    threads: globalThis.navigator?.hardwareConcurrency ?? 1,
    startWorker: shares ? startWebWorker : undefined,
  };
}

/** More threads than these are a mistake. */
export const MOST_THREADS = 1024;

/** Whether so many threads can be started. */
export function isThreadCount(threads: number): boolean {
  return Number.isInteger(threads) && threads >= 1 && threads <= MOST_THREADS;
}

/** SKIPSCALE_THREADS, where it is set; what is no count of threads gives one warning, and is left out. */
function threadsOfEnvironment(): number | undefined {
  const text = process.env['SKIPSCALE_THREADS'];
  if (!text) return undefined;
  const threads = Number(text);
  if (isThreadCount(threads)) return threads;
  if (!isWarned) {
    console.warn(
      `skipscale: SKIPSCALE_THREADS is '${text}', which is ignored; give a whole number from 1 to ${MOST_THREADS}.`,
    );
  }
  isWarned = true;
  return undefined;
}

let isWarned = false;

/** A module of Node's, or undefined in browsers; bundlers must not see an import of it. */
function nodeModule<T>(name: string): T | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } };
  return process?.getBuiltinModule?.(name) as T | undefined;
}

const work = `({ module, memory, thread }) =>
  new WebAssembly.Instance(module, { env: { memory } }).exports.work(thread)`;

function startNodeWorker(Worker: typeof NodeWorker, workerData: object): EndWorker {
  const source = `(${work})(require('node:worker_threads').workerData)`;
  const worker = new Worker(source, { eval: true, workerData, execArgv: [] });
  worker.unref();
  return () => void worker.terminate();
}

const startWebWorker: StartWorker = (module, memory, thread) => {
  const source = `onmessage = ({ data }) => (${work})(data)`;
  const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(address);
  worker.postMessage({ module, memory, thread });
  return () => {
    worker.terminate();
    URL.revokeObjectURL(address);
  };
};
