/** How far above its beginning a loss has to be, and for how many steps in a row. */
const TIMES = 100;
const STEPS = 10;

/**
 * Tells a training whose loss has exploded though it is still finite: above 100 times the loss of its first step, or of
 * guessing where that is more (the logarithm of the number of classes; 1 where there are none), for ten steps in a row. A spike that passes is
 * none, and no training that learns comes near: a cross-entropy of 100 ln(classes) gives the right class a probability
 * of classes^-100.
 */
export class Divergence {
  /** Losses above it are too high; undefined before the first. */
  limit: number | undefined;
  #inRow = 0;

  /** @param guess - The loss of guessing. */
  constructor(readonly guess: number) {}

  /** Takes the loss of the next step. */
  add(loss: number): void {
    this.limit ??= TIMES * Math.max(this.guess, Math.abs(loss));
    this.#inRow = loss > this.limit ? this.#inRow + 1 : 0;
  }

  /** Whether the training has diverged; at the end of a training, one step with too high a loss is enough. */
  isFound(atEnd: boolean): boolean {
    return this.#inRow >= (atEnd ? 1 : STEPS);
  }
}
