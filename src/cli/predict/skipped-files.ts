import { describeSkipped, type SkippedFile } from '../../training/data/skipped.js';

/** Files that are remembered; of more, there is but the count. */
const REMEMBERED = 1000;

/** The files of a source that are no images, however many. */
export class SkippedFiles {
  readonly #first: SkippedFile[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(file: SkippedFile): void {
    this.#count++;
    if (this.#first.length < REMEMBERED) this.#first.push(file);
  }

  /** What they are, after `start`; empty where there are none. */
  inWords(start: string): string {
    const rest = this.#count - this.#first.length;
    if (this.#count === 0) return '';
    return `${start}${describeSkipped(this.#first)}${rest > 0 ? `, and ${rest} more` : ''}`;
  }
}
