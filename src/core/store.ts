import { concatenate } from './concatenate.js';

/** Where the bytes of a download are collected. */
export interface Store {
  /** How many bytes it has. */
  readonly received: number;
  /** The version that they are of; without one, a download starts anew. */
  readonly etag: string | undefined;
  /** Drops all bytes; those to come are of this version. */
  restart(etag?: string): Promise<void>;
  append(chunk: Uint8Array): Promise<void>;
  /** All bytes together. */
  bytes(): Promise<Uint8Array>;
}

/** Collects in memory. */
export class MemoryStore implements Store {
  received = 0;
  etag: string | undefined;
  #chunks: Uint8Array[] = [];

  async restart(etag?: string): Promise<void> {
    this.received = 0;
    this.etag = etag;
    this.#chunks = [];
  }

  async append(chunk: Uint8Array): Promise<void> {
    this.#chunks.push(chunk);
    this.received += chunk.length;
  }

  async bytes(): Promise<Uint8Array> {
    return concatenate(this.#chunks);
  }
}
