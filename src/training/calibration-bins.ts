/** The examples whose confidence lies within one part of the range from 0 to 1. */
export interface CalibrationBin {
  /** Number of images, or other examples. */
  readonly images: number;
  /** Their mean probability of the class in question: of the likeliest one, or of a given one. NaN without images. */
  readonly confidence: number;
  /** The share of them that are of this class. NaN without images. */
  readonly accuracy: number;
}

/** How many bins of equal width there are by default. */
export const BINS = 15;

/** Counts examples by their confidence. */
export class CalibrationBins {
  readonly #bins: { count: number; confidence: number; right: number }[];

  /**
   * @param count - Number of bins.
   * @param binOf - The place of a confidence's bin. Default bins of equal width that have their upper end: (0, 1/15], (1/15, 2/15] …
   */
  constructor(
    readonly count: number,
    readonly binOf = (confidence: number) => Math.ceil(confidence * count) - 1,
  ) {
    this.#bins = Array.from({ length: count }, () => ({ count: 0, confidence: 0, right: 0 }));
  }

  /** Takes in an example. */
  add(confidence: number, isRight: boolean): void {
    const bin = this.#bins[Math.min(this.count - 1, Math.max(0, this.binOf(confidence)))]!;
    bin.count++;
    bin.confidence += confidence;
    if (isRight) bin.right++;
  }

  /** The mean distance of confidence and accuracy over the examples, each distance taken of a whole bin. */
  error(): number {
    const total = this.#bins.reduce((sum, { count }) => sum + count, 0);
    return this.#bins.reduce((sum, { confidence, right }) => sum + Math.abs(confidence - right), 0) / total;
  }

  /** What was gathered. */
  bins(): CalibrationBin[] {
    return this.#bins.map(({ count, confidence, right }) => ({
      images: count,
      confidence: confidence / count,
      accuracy: right / count,
    }));
  }
}
