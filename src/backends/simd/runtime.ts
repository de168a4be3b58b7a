import { Allocator } from './allocator.js';
import { plainBinary, relaxedBinary } from './binaries.js';
import { hasRelaxedSimd, platform, type EndWorker, type Platform } from './platform.js';

const PAGE = 65536;
/** Most pages of a WebAssembly memory with 32-bit addresses: 4 GiB. */
const MOST_PAGES = 65536;
/** Where the arguments of a job stand; see assembly/memory-map.ts. */
const ARGUMENTS = 1024;
/** Where the allocator starts. */
const HEAP = 4096;
/** Bytes past the end of the last tensor that a kernel may read, and drop, with the vector that holds its last values. */
const OVERREAD = 64;

/** What the WebAssembly module exports. */
interface Exports extends Record<string, WebAssembly.ExportValue> {
  run(kernel: number, chunks: number): void;
  setLimit(limit: number): void;
  ready(): number;
}

/** The WebAssembly module, its memory and its threads. */
export class Runtime {
  readonly allocator: Allocator;
  readonly relaxed: boolean;
  #threads = 1;
  #workers: EndWorker[] = [];
  #exports: Exports;
  #arguments: Int32Array;

  private constructor(
    readonly platform: Platform,
    readonly memory: WebAssembly.Memory,
    /** Bytes that the memory may grow to. */
    readonly maximumBytes: number,
    readonly module: WebAssembly.Module,
    instance: WebAssembly.Instance,
    relaxed: boolean,
  ) {
    this.relaxed = relaxed;
    this.#exports = instance.exports as Exports;
    this.#arguments = new Int32Array(memory.buffer, ARGUMENTS, 256);
    this.allocator = new Allocator(HEAP, (bytes) => this.#grow(bytes));
    this.setThreads(platform.threads);
  }

  /** Compiles the module: at once in Node, as a promise in browsers. */
  static create(): Runtime | Promise<Runtime> {
    const here = platform();
    const relaxed = hasRelaxedSimd();
    const shared = here.startWorker !== undefined;
    if (!shared) {
      console.info(
        'simd: one thread only, since this page cannot share memory. Serve it with the headers ' +
          'Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.',
      );
    }
    const { memory, maximum } = createMemory(shared);
    const binary = decode(relaxed ? relaxedBinary : plainBinary);
    if (!shared) unshareImport(binary);
    const imports = { env: { memory } };
    if (here.synchronous) {
      const module = new WebAssembly.Module(binary);
      const instance = new WebAssembly.Instance(module, imports);
      return new Runtime(here, memory, maximum * PAGE, module, instance, relaxed);
    }
    return WebAssembly.instantiate(binary, imports).then(
      ({ module, instance }) => new Runtime(here, memory, maximum * PAGE, module, instance, relaxed),
    );
  }

  /** Threads that jobs may use, the calling one included. */
  get threads(): number {
    return this.#threads;
  }

  /** Uses `threads` threads from now on, and starts those that do not run yet. */
  setThreads(threads: number): void {
    const { startWorker } = this.platform;
    this.#threads = startWorker ? threads : 1;
    for (let thread = this.#workers.length + 1; thread < this.#threads; thread++) {
      this.#workers.push(startWorker!(this.module, this.memory, thread));
    }
    this.#exports.setLimit(this.#threads);
  }

  /** Resolves when every thread has started. */
  async started(): Promise<void> {
    while (this.#exports.ready() < this.#workers.length) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** Runs the chunks of a kernel over the threads. Arguments are integers or addresses; for floats see {@link float}. */
  run(kernel: number, chunks: number, args: readonly number[]): void {
    if (chunks <= 0) return;
    const { buffer } = this.#arguments;
    if (buffer.byteLength === 0) this.#arguments = new Int32Array(this.memory.buffer, ARGUMENTS, 256);
    for (let i = 0; i < args.length; i++) this.#arguments[i] = args[i]!;
    this.#exports.run(kernel, chunks);
  }

  /** Ends the threads. */
  dispose(): void {
    for (const end of this.#workers) end();
    this.#workers = [];
  }

  #grow(bytes: number): boolean {
    const have = this.memory.buffer.byteLength / PAGE;
    const need = Math.ceil((bytes + OVERREAD) / PAGE);
    if (need <= have) return true;
    const most = this.maximumBytes / PAGE;
    if (need > most) return false;
    // Pages that nobody touches cost nothing, growing often does.
    const generous = Math.min(most, Math.max(need, Math.ceil(have * 1.25)));
    return [generous, need].some((pages) => {
      try {
        this.memory.grow(pages - have);
        return true;
      } catch {
        return false;
      }
    });
  }
}

const bits = new DataView(new ArrayBuffer(4));

/** A float as an argument of a job. */
export function float(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}

/** A memory that may grow as far as the device allows, up to 4 GiB; `maximum` is in pages. */
function createMemory(shared: boolean): { memory: WebAssembly.Memory; maximum: number } {
  for (let maximum = MOST_PAGES; ; maximum /= 2) {
    try {
      return { memory: new WebAssembly.Memory({ initial: 256, maximum, shared }), maximum };
    } catch (error) {
      if (maximum <= 2048) throw error;
    }
  }
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

/** Turns the module's import of a shared memory into one of an ordinary memory: the flags of "env" "memory". */
function unshareImport(binary: Uint8Array): void {
  const name = [...'memory'].map((character) => character.charCodeAt(0));
  for (let i = 0; i + 8 < binary.length; i++) {
    if (name.every((code, j) => binary[i + j] === code) && binary[i + 6] === 2 && binary[i + 7] === 3) {
      binary[i + 7] = 1;
      return;
    }
  }
  throw new Error('simd: the module imports no shared memory.');
}
