/** Mean, standard deviation and kurtosis (3 of a normal distribution, 1.8 of a uniform one) of a sample. */
export function moments(values: ArrayLike<number>): { mean: number; deviation: number; kurtosis: number } {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  const mean = sum / values.length;
  let squares = 0;
  let fourths = 0;
  for (let i = 0; i < values.length; i++) {
    const square = (values[i]! - mean) * (values[i]! - mean);
    squares += square;
    fourths += square * square;
  }
  const variance = squares / values.length;
  return {
    mean,
    deviation: Math.sqrt(variance),
    kurtosis: fourths / values.length / variance ** 2,
  };
}

/** The correlation of two samples. */
export function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [ma, mb] = [moments(a), moments(b)];
  const covariance =
    Array.from(a).reduce((sum, v, i) => sum + (v - ma.mean) * (b[i]! - mb.mean), 0) / a.length;
  return covariance / (ma.deviation * mb.deviation);
}
