import { Worker } from 'node:worker_threads';
import { classifySquares, classSettings, type Answer } from '../../vision/classify-squares.js';
import type { ImageClassifier } from '../../models/image-classifier.js';
import type { Preprocessing } from '../../models/preprocessing.js';
import type { RgbImage } from '../../vision/image.js';
import type { NamedModelOptions } from '../load-model.js';

/** A network that says what images show. */
export interface Network {
  readonly name: string;
  readonly classes: number;
  readonly preprocessing: Preprocessing;
  /** All classes of each image, the likeliest first. */
  classify(squares: readonly RgbImage[]): Promise<Answer[]>;
}

/** The network of this thread. */
export function networkOf(model: ImageClassifier): Network {
  model.fuse();
  const { preprocessing, architecture } = model;
  const settings = classSettings('serve', model, { top: model.classes });
  return {
    name: architecture.name,
    classes: settings.classes!,
    preprocessing,
    classify: (squares) => classifySquares(model, squares, settings),
  };
}

/** What a thread with a network says: what the network is, and then an answer to each message with images. */
export type NetworkMessage =
  { readonly facts: Omit<Network, 'classify'> } | { readonly answers: Answer[] } | { readonly error: Error };

/** A network in a thread, so that the process can send and receive while it computes. A batch at a time. */
export class NetworkThread {
  readonly #worker: Worker;
  readonly #failed = new AbortController();
  #waiting: { resolve: (message: NetworkMessage) => void; reject: (error: unknown) => void } | undefined;
  #isClosed = false;

  /** @param module - What the thread runs. */
  constructor(module: URL, options: NamedModelOptions) {
    this.#worker = new Worker(module, { workerData: options });
    this.#worker.on('message', (message: NetworkMessage) => this.#waiting?.resolve(message));
    this.#worker.on('error', (error) => this.#fail(error));
    this.#worker.on('exit', (code) => this.#fail(new Error(`The network's thread ended with code ${code}.`)));
  }

  /** Aborted when the thread ends by itself. */
  get failed(): AbortSignal {
    return this.#failed.signal;
  }

  /** The network, when it is loaded. */
  async network(): Promise<Network> {
    const message = await this.#next();
    if (!('facts' in message))
      throw 'error' in message ? message.error : new Error('The thread has no network.');
    return { ...message.facts, classify: (squares) => this.#classify(squares) };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#worker.terminate();
  }

  async #classify(squares: readonly RgbImage[]): Promise<Answer[]> {
    const next = this.#next();
    this.#worker.postMessage(squares);
    const message = await next;
    if ('answers' in message) return message.answers;
    throw 'error' in message ? message.error : new Error('The thread has no answers.');
  }

  #next(): Promise<NetworkMessage> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      if (this.#failed.signal.aborted) reject(this.#failed.signal.reason);
    });
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#failed.abort(error);
    this.#waiting?.reject(error);
  }
}
