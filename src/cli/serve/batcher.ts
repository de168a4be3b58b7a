import { setTimeout as pause } from 'node:timers/promises';

/**
 * Milliseconds after a batch in which the process sends and receives; while the network computes, it can do neither, and would let
 * requests wait that it should refuse.
 */
const REST = 5;

/** When a batch runs. */
export interface BatcherOptions {
  /** Items of a batch at most. */
  readonly batchSize: number;
  /** Milliseconds for which the first item waits for others, where nothing runs. */
  readonly maxWait: number;
}

/** Who waits for the result of an item. */
interface Waiting<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** Runs items that arrive together as one batch, a batch at a time. What arrives while one runs is in the next. */
export class Batcher<Item, Result> {
  #queue: Waiting<Item, Result>[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  /** @param run - Gives a result for each item. */
  constructor(
    readonly run: (items: Item[]) => Promise<Result[]>,
    readonly options: BatcherOptions,
  ) {}

  /** @throws what `run` throws for its batch. */
  add(item: Item): Promise<Result> {
    const result = new Promise<Result>((resolve, reject) => this.#queue.push({ item, resolve, reject }));
    this.#schedule();
    return result;
  }

  #schedule(): void {
    const { batchSize, maxWait } = this.options;
    if (this.#isRunning || this.#queue.length === 0) return;
    if (this.#queue.length >= batchSize) void this.#runBatch();
    else this.#timer ??= setTimeout(() => void this.#runBatch(), maxWait);
  }

  async #runBatch(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isRunning = true;
    const batch = this.#queue.splice(0, this.options.batchSize);
    try {
      const results = await this.run(batch.map(({ item }) => item));
      batch.forEach(({ resolve }, i) => resolve(results[i]!));
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    await pause(REST);
    this.#isRunning = false;
    this.#schedule();
  }
}
