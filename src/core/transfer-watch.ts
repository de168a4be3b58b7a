import { TransferError } from './transfer-error.js';
import type { TransferLimits } from './transfer-limits.js';

/** The longest time that a timer takes, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** Aborts a transfer that stalls, is slow or takes too long; the reason of the signal says which. */
export class TransferWatch {
  readonly #abort = new AbortController();
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  readonly #stallTime: number;
  readonly #rateTime: number;
  readonly #checkRate: () => void;
  #bytes = 0;
  #isCounting = false;

  /** @param rest - The time that is left of `maxTime`, in milliseconds. */
  constructor({ stallTime, minRate, rateTime, maxTime }: Required<TransferLimits>, rest: number) {
    this.#stallTime = stallTime;
    const end = () => this.#end(`it takes longer than ${maxTime} ms`, 0);
    this.#timers.push(setTimeout(end, Math.min(rest, LONGEST)));
    const least = (minRate * rateTime) / 1000;
    this.#checkRate = () => {
      if (this.#bytes < least)
        this.#end(
          `${this.#bytes} bytes came in ${rateTime} ms, and minRate is ${minRate} a second`,
          Infinity,
        );
      this.#bytes = 0;
    };
    this.#rateTime = Math.min(rateTime, LONGEST);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /**
   * Waits for the network, but not longer than `stallTime`.
   * @throws TransferError where the watch ended it; what `waiting` throws.
   */
  async wait<T>(waiting: Promise<T>): Promise<T> {
    const time = this.#stallTime;
    const stalled = () => this.#end(`nothing came for ${time} ms`, Infinity);
    const timer = setTimeout(stalled, Math.min(time, LONGEST));
    try {
      return await waiting;
    } catch (error) {
      throw this.signal.aborted ? this.signal.reason : error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Counts bytes that came; from the first ones on, the rate is watched. */
  count(bytes: number): void {
    this.#bytes += bytes;
    if (!this.#isCounting) this.#timers.push(setInterval(this.#checkRate, this.#rateTime));
    this.#isCounting = true;
  }

  /** Ends the transfer, if it goes on, and the watch. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#abort.abort();
  }

  #end(message: string, tries: number): void {
    this.#abort.abort(new TransferError(message, tries));
  }
}
