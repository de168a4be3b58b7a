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
