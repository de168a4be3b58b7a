import { SingleBar, type Params } from 'cli-progress';

/** Steps of the bar, which goes by the share of the source that is read. */
const STEPS = 1000;

/** Shows how many images are done, how fast, and how long the others take, where a person watches. */
export class PredictProgress {
  readonly #start = performance.now();
  readonly #bar = process.stderr.isTTY
    ? new SingleBar({
        format: (_, { value }: Params, { images }: { images: number }) => this.#line(value / STEPS, images),
        stream: process.stderr,
        clearOnComplete: true,
      })
    : undefined;

  /** Since it was made. */
  get seconds(): number {
    return (performance.now() - this.#start) / 1000;
  }

  /** @param share - Of the source that is done. */
  update(share: number, images: number): void {
    if (!this.#bar) return;
    if (!this.#bar.isActive) this.#bar.start(STEPS, 0, { images });
    this.#bar.update(Math.floor(share * STEPS), { images });
  }

  end(): void {
    this.#bar?.stop();
  }

  #line(share: number, images: number): string {
    const speed = (images / this.seconds).toFixed(1);
    const left = share > 0 ? inWords((this.seconds * (1 - share)) / share) : '?';
    return `${(100 * share).toFixed(1)} %, ${images} images, ${speed} images/s, ${left} left`;
  }
}

/** A time in words, such as `3 min`. */
export function inWords(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
