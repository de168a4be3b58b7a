/** The share of steps that have to make the loss larger, so that a step size stays. */
const LEAST_RISES = 0.75;

/** What the losses of a step say of each image. */
export interface StepJudgement {
  /** Whether the loss is larger than ever before. */
  readonly isBest: readonly boolean[];
  /** Whether the step size was halved, and the image goes back to its best place. */
  readonly isHalved: readonly boolean[];
}

/**
 * The step size of each image in Auto-PGD. At checkpoints, which come closer and closer to each other, it is halved where less than
 * three quarters of the steps since the last one made the loss larger, or where neither the step size nor the largest loss has
 * changed since. Source: Croce and Hein 2020, arXiv 2003.01690, section 3.
 */
export class StepSizes {
  readonly sizes: number[];
  readonly #best: number[];
  readonly #rises: number[];
  #last: readonly number[];
  #bestAtCheckpoint: readonly number[];
  #wasHalved: readonly boolean[];
  #sinceCheckpoint = 0;
  #period: number;
  readonly #shortest: number;
  readonly #shortening: number;

  /**
   * @param losses - Of the place where the images start.
   * @param first - The first step size.
   * @param steps - Of the whole attack.
   */
  constructor(losses: readonly number[], first: number, steps: number) {
    this.sizes = losses.map(() => first);
    this.#best = [...losses];
    this.#last = losses;
    this.#rises = losses.map(() => 0);
    this.#bestAtCheckpoint = [...losses];
    this.#wasHalved = losses.map(() => true);
    const share = (part: number) => Math.max(1, Math.trunc(part * steps));
    this.#period = share(0.22);
    this.#shortest = share(0.06);
    this.#shortening = share(0.03);
  }

  /** Takes the losses after a step. */
  add(losses: readonly number[]): StepJudgement {
    const isBest = losses.map((loss, i) => loss > this.#best[i]!);
    losses.forEach((loss, i) => {
      if (loss > this.#last[i]!) this.#rises[i]!++;
      if (isBest[i]) this.#best[i] = loss;
    });
    this.#last = losses;
    if (++this.#sinceCheckpoint < this.#period) return { isBest, isHalved: losses.map(() => false) };
    return { isBest, isHalved: this.#checkpoint() };
  }

  #checkpoint(): boolean[] {
    const isHalved = this.sizes.map((_, i) => {
      const oscillates = this.#rises[i]! < LEAST_RISES * this.#sinceCheckpoint;
      return oscillates || (!this.#wasHalved[i] && this.#best[i]! <= this.#bestAtCheckpoint[i]!);
    });
    isHalved.forEach((halved, i) => {
      if (halved) this.sizes[i]! /= 2;
      this.#rises[i] = 0;
    });
    this.#wasHalved = isHalved;
    this.#bestAtCheckpoint = [...this.#best];
    this.#sinceCheckpoint = 0;
    this.#period = Math.max(this.#period - this.#shortening, this.#shortest);
    return isHalved;
  }
}
