/** Mean, standard deviation and kurtosis (3 of a normal distribution, 1.8 of a uniform one) of a sample. */
export function moments(values: ArrayLike<number>): { mean: number; deviation: number; kurtosis: number } {
  const list = Array.from(values);
  const average = (f: (v: number) => number) => list.reduce((sum, v) => sum + f(v), 0) / list.length;
  const mean = average((v) => v);
  const variance = average((v) => (v - mean) ** 2);
  return {
    mean,
    deviation: Math.sqrt(variance),
    kurtosis: average((v) => (v - mean) ** 4) / variance ** 2,
  };
}

/** The correlation of two samples. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [ma, mb] = [moments(a), moments(b)];
  const covariance =
    Array.from(a).reduce((sum, v, i) => sum + (v - ma.mean) * (b[i]! - mb.mean), 0) / a.length;
  return covariance / (ma.deviation * mb.deviation);
}

/** Spearman's: the correlation of two samples' ranks. */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return correlation(ranks(a), ranks(b));
}

function ranks(values: ArrayLike<number>): number[] {
  const order = Array.from(values).map((_, i) => i);
  order.sort((i, j) => values[i]! - values[j]!);
  const places = new Array<number>(order.length);
  for (let first = 0, end = 0; first < order.length; first = end) {
    while (end < order.length && values[order[end]!] === values[order[first]!]) end++;
    for (let i = first; i < end; i++) places[order[i]!] = (first + end - 1) / 2;
  }
  return places;
}
