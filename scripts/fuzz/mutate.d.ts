import type fc from 'fast-check';

export interface Change {
  readonly kind: 'set' | 'cut' | 'fill' | 'move' | 'digit';
  /** A fraction of the file. */
  readonly at: number;
}

export const changes: fc.Arbitrary<Change[]>;
export function apply(bytes: Uint8Array, change: Change): Uint8Array;
export function changesOf(seed: number, place: number): Change[];
