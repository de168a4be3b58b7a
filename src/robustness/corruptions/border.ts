/** Which of n places, from 0 to n - 1, stands in for a place that may be beyond them. */
export type Border = (i: number, n: number) => number;

/** The nearest place. */
export function clamped(i: number, n: number): number {
  return Math.min(n - 1, Math.max(0, i));
}

/** The place where a mirror at the border shows it: d c b a | a b c d | d c b a. */
export function reflected(i: number, n: number): number {
  if (i >= 0 && i < n) return i;
  const place = ((i % (2 * n)) + 2 * n) % (2 * n);
  return place < n ? place : 2 * n - 1 - place;
}

/** The place where a mirror in the last pixel shows it: d c b | a b c d | c b a. */
export function reflected101(i: number, n: number): number {
  if (i >= 0 && i < n) return i;
  if (n === 1) return 0;
  const period = 2 * n - 2;
  const place = ((i % period) + period) % period;
  return place < n ? place : period - place;
}
