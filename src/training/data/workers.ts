import type { Worker } from 'node:worker_threads';
import { concatenate } from '../../core/concatenate.js';
import { check, checkInteger, checkOptions } from '../../core/errors.js';
import { nodeModule } from '../../core/node-module.js';
import type { RgbImage } from '../../vision/image.js';
import type { Batch } from './batch.js';
import { batchesOptionNames, batchSource, type BatchesOptions, type BatchSource } from './batches.js';
import type { Dataset } from './dataset.js';

/** Options of {@link BatchWorkers}. */
export interface BatchWorkersOptions {
  /** How many threads. Default 1. */
  readonly workers?: number;
  /** What the module's {@link serveBatches} gives to its function: anything but functions, for it is copied. */
  readonly parameters?: unknown;
}

/**
 * Makes a training's batches in worker threads: there images are read, decoded, augmented and mixed while the training
 * takes its steps. However many workers share an epoch, its batches are the same, bit for bit, and the same as without
 * them. The threads do not keep a process alive. In Node only.
 */
export class BatchWorkers {
  readonly #threads: readonly Thread[];

  /**
   * @param module - What each thread runs, an absolute path or a `file:` URL, such as
   * `new URL('./data.js', import.meta.url)`; it calls {@link serveBatches}.
   * @throws ArgumentError where `workers` is out of range; Error elsewhere than in Node.
   */
  constructor(module: string | URL, options: BatchWorkersOptions = {}) {
    checkOptions('BatchWorkers', options, { workers: true, parameters: true });
    const { workers = 1, parameters } = options;
    checkInteger('workers', workers, 1);
    this.#threads = Array.from({ length: workers }, () => new Thread(module, parameters));
  }

  /**
   * What `train` takes in place of a data set. It throws what goes wrong in a worker, such as the error that names a file
   * which cannot be decoded.
   */
  readonly source: BatchSource = (epoch, first) => this.#batches(epoch, first);

  /** Ends the threads, at once. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }

  async *#batches(epoch: number, first: number): AsyncGenerator<Batch> {
    const every = this.#threads.length;
    const asked = this.#threads.map((thread, i) => thread.ask({ epoch, first: first + i, every }));
    for (let turn = 0; ; turn = (turn + 1) % every) {
      const batch = await asked[turn];
      if (!batch) return;
      asked[turn] = this.#threads[turn]!.ask();
      yield batch;
    }
  }
}

/** What {@link serveBatches} makes batches of: a data set, and how. */
export interface ServedBatches extends Omit<BatchesOptions, 'epoch' | 'first' | 'every'> {
  readonly dataset: Dataset;
}

/**
 * Makes batches for the {@link BatchWorkers} that runs the calling module in a thread: in random order by the seed, a last
 * batch of fewer images left out unless it is the only one, as `train` does. In Node only.
 * @param open - Opens the data set; it gets the `parameters` of {@link BatchWorkersOptions}.
 * @throws Error elsewhere than in a worker thread.
 */
export function serveBatches<P = unknown>(
  open: (parameters: P) => ServedBatches | Promise<ServedBatches>,
): void {
  const { parentPort, workerData } = workerThreads('serveBatches');
  check(
    parentPort !== null,
    () => 'serveBatches takes a worker thread; give its module to new BatchWorkers(module).',
  );
  const opened = openSource(() => open(workerData as P));
  opened.catch(() => {}); // It is thrown where a batch is asked for.
  let batches: AsyncGenerator<Batch> | undefined;

  const answer = async (part: Part | undefined): Promise<void> => {
    try {
      if (part) {
        await batches?.return(undefined);
        batches = (await opened)(part.epoch, part.first, part.every);
      }
      const { done, value } = await batches!.next();
      const batch = done ? undefined : pack(value);
      parentPort.postMessage({ batch } satisfies Answer, batch && [batch.pixels, batch.targets]);
    } catch (error) {
      parentPort.postMessage({ error } satisfies Answer);
    }
  };
  let answered = Promise.resolve();
  parentPort.on('message', (part: Part | undefined) => {
    answered = answered.then(() => answer(part));
  });
}

async function openSource(open: () => ServedBatches | Promise<ServedBatches>) {
  const served = await open();
  checkOptions('serveBatches', served, { dataset: true, ...batchesOptionNames });
  const { dataset, ...options } = served;
  return batchSource(dataset, options);
}

/** Which batches of which epoch a thread makes. */
interface Part {
  readonly epoch: number;
  readonly first: number;
  readonly every: number;
}

/** What a thread says when it is asked for a batch; nothing after the last one. */
interface Answer {
  readonly batch?: PackedBatch;
  readonly error?: unknown;
}

/** A batch whose values go from thread to thread without being copied there. */
interface PackedBatch {
  readonly sizes: readonly Pick<RgbImage, 'width' | 'height'>[];
  /** The bytes of all images, one after the other. */
  readonly pixels: ArrayBuffer;
  readonly targets: ArrayBuffer;
  readonly soft: boolean;
}

function pack({ images, targets }: Batch): PackedBatch {
  return {
    sizes: images.map(({ width, height }) => ({ width, height })),
    pixels: concatenate(images.map(({ data }) => data)).buffer,
    targets: targets.slice().buffer,
    soft: targets instanceof Float32Array,
  };
}

function unpack({ sizes, pixels, targets, soft }: PackedBatch): Batch {
  let offset = 0;
  const images = sizes.map(({ width, height }): RgbImage => {
    const data = new Uint8Array(pixels, offset, width * height * 3);
    offset += data.length;
    return { width, height, data };
  });
  return { images, targets: soft ? new Float32Array(targets) : new Int32Array(targets) };
}

/** Who waits for an answer. */
interface Waiting {
  readonly resolve: (batch: Batch | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** A worker thread, which answers one question after the other. */
class Thread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;

  constructor(module: string | URL, parameters: unknown) {
    const { Worker } = workerThreads('BatchWorkers');
    this.#worker = new Worker(module, { workerData: parameters });
    this.#worker.on('message', (answer: Answer) => this.#take(answer));
    this.#worker.on('error', (error: Error) => this.#fail(error));
    this.#worker.on('exit', () =>
      this.#fail(
        new Error(`The worker ${module} has ended: it was closed, or it does not call serveBatches().`),
      ),
    );
    this.#worker.unref();
  }

  /** The first batch of a part, or without one the next; undefined after the last. */
  ask(part?: Part): Promise<Batch | undefined> {
    const answer = new Promise<Batch | undefined>((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#waiting.push({ resolve, reject });
      this.#worker.ref(); // The process lives on for what somebody waits for.
      this.#worker.postMessage(part);
    });
    answer.catch(() => {}); // It is thrown where somebody waits.
    return answer;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #take(answer: Answer): void {
    const { resolve, reject } = this.#waiting.shift()!;
    if (this.#waiting.length === 0) this.#worker.unref();
    if ('error' in answer) reject(answer.error);
    else resolve(answer.batch && unpack(answer.batch));
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

function workerThreads(what: string) {
  return nodeModule<typeof import('node:worker_threads')>('node:worker_threads', what);
}
