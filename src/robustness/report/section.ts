import type { Markup } from '../markup.js';

/** A part of the page. */
export interface Section {
  /** Of links. */
  readonly id: string;
  readonly heading: string;
  readonly content: Markup;
}
