import type { Markup } from '../../core/markup.js';

/** A part of the page. */
export interface Section {
  /** Of links. */
  readonly id: string;
  readonly heading: string;
  readonly content: Markup;
}
