import { Worker } from 'node:worker_threads';
import { NotInstalledError } from '../../core/not-installed.js';
import type { Preprocessing } from '../../models/preprocessing.js';
import type { RgbImage } from '../../vision/image.js';

/** What a worker is asked: to prepare a file. */
export interface PrepareQuestion {
  readonly id: number;
  readonly source: string | Uint8Array;
}

/** What it answers. */
export interface PrepareAnswer {
  readonly id: number;
  readonly square?: RgbImage;
  /** Why there is none. */
  readonly error?: { readonly message: string; readonly isNotInstalled: boolean };
}

/** Who waits for an answer. */
interface Waiting {
  readonly resolve: (square: RgbImage) => void;
  readonly reject: (error: Error) => void;
}

/** Threads that decode, resize and crop images. */
export class PreparePool {
  readonly #workers: { readonly worker: Worker; readonly waiting: Map<number, Waiting> }[];
  readonly #failed = new AbortController();
  #next = 0;
  #isClosed = false;

  /** @param module - What each thread runs. */
  constructor(module: URL, count: number, preprocessing: Preprocessing) {
    this.#workers = Array.from({ length: count }, () => {
      const worker = new Worker(module, { workerData: preprocessing });
      const waiting = new Map<number, Waiting>();
      worker.on('message', (answer: PrepareAnswer) => take(waiting, answer));
      worker.on('error', (error: Error) => this.#fail(error));
      worker.on('exit', (code) =>
        this.#fail(new Error(`A thread that prepares images ended with code ${code}.`)),
      );
      return { worker, waiting };
    });
  }

  /** Aborted when a thread ends by itself: its images have no answers then. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** @throws Error where the image cannot be decoded. */
  prepare(source: string | Uint8Array): Promise<RgbImage> {
    const [least] = this.#workers.toSorted((a, b) => a.waiting.size - b.waiting.size);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      least!.waiting.set(id, { resolve, reject });
      least!.worker.postMessage({ id, source } satisfies PrepareQuestion);
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#workers.map(({ worker }) => worker.terminate()));
  }

  #fail(error: Error): void {
    if (this.#isClosed) return;
    this.#failed.abort(error);
    for (const { waiting } of this.#workers) for (const { reject } of waiting.values()) reject(error);
  }
}

function take(waiting: Map<number, Waiting>, { id, square, error }: PrepareAnswer): void {
  const { resolve, reject } = waiting.get(id)!;
  waiting.delete(id);
  if (square) resolve(square);
  else if (error!.isNotInstalled) reject(new NotInstalledError(error!.message));
  else reject(new Error(error!.message));
}
