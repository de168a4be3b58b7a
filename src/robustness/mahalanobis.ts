import { check, checkFraction, checkOptions, shown } from '../core/errors.js';

/** Means of features by class, and what they share: plain data. */
export interface Mahalanobis {
  /** The mean of each class's features. */
  readonly means: readonly Float64Array[];
  /** The Cholesky factor L of the covariance L L', a row a feature, of which the upper part is zero. */
  readonly factor: readonly Float64Array[];
}

/** Options of {@link fitMahalanobis}. */
export interface MahalanobisOptions {
  /**
   * How far the covariance is drawn towards one of independent features of equal variance, from 0 to below 1. More than 0 is needed
   * where there are fewer examples than features. Default 0.01.
   */
  readonly shrinkage?: number;
}

/**
 * Fits a normal distribution to the features of each class, with one covariance for all (Lee et al. 2018, arXiv 1807.03888).
 * @param features - A row for each example, as `collectFeatures` gives them.
 * @param labels - The class of each; every class from 0 to the largest needs an example.
 * @throws ArgumentError where labels do not fit, features are not finite, a class has no example, or the covariance is singular.
 */
export function fitMahalanobis(
  features: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  options: MahalanobisOptions = {},
): Mahalanobis {
  checkOptions('fitMahalanobis', options, { shrinkage: true });
  const { shrinkage = 0.01 } = options;
  checkFraction('shrinkage', shrinkage);
  const size = checkFeatures('fitMahalanobis', features);
  const classes = checkClasses(features.length, labels);
  const means = Array.from({ length: classes }, () => new Float64Array(size));
  const counts = new Array<number>(classes).fill(0);
  features.forEach((row, i) => {
    counts[labels[i]!]!++;
    addRow(means[labels[i]!]!, row);
  });
  const lacking = counts.indexOf(0);
  check(
    lacking < 0,
    () => `fitMahalanobis: class ${lacking} has no example; give at least one of each class.`,
  );
  means.forEach((mean, c) => mean.forEach((sum, j) => (mean[j] = sum / counts[c]!)));
  return { means, factor: cholesky(shrunk(covariance(features, labels, means), shrinkage)) };
}

/**
 * The squared Mahalanobis distance of each example to the nearest class: the larger, the more it is out of the distribution.
 * @throws ArgumentError where features are of another length than the fitted ones, or not finite.
 */
export function mahalanobisScores(
  { means, factor }: Mahalanobis,
  features: readonly ArrayLike<number>[],
): Float64Array {
  const size = checkFeatures('mahalanobisScores', features);
  check(
    size === factor.length,
    () =>
      `mahalanobisScores: a row has ${size} features, and the fitted ones have ${factor.length}; give features of the same network.`,
  );
  return Float64Array.from(features, (row) => Math.min(...means.map((mean) => distance(row, mean, factor))));
}

/** |L⁻¹ (x - m)|², by forward substitution. */
function distance(row: ArrayLike<number>, mean: Float64Array, factor: readonly Float64Array[]): number {
  const solved = new Float64Array(mean.length);
  let sum = 0;
  for (let i = 0; i < mean.length; i++) {
    let value = row[i]! - mean[i]!;
    const line = factor[i]!;
    for (let j = 0; j < i; j++) value -= line[j]! * solved[j]!;
    solved[i] = value / line[i]!;
    sum += solved[i]! ** 2;
  }
  return sum;
}

/** The lower half of the covariance around the class means. */
function covariance(
  features: readonly ArrayLike<number>[],
  labels: ArrayLike<number>,
  means: readonly Float64Array[],
): Float64Array[] {
  const size = means[0]!.length;
  const sums = Array.from({ length: size }, () => new Float64Array(size));
  features.forEach((row, n) => {
    const centred = Float64Array.from(row, (x, j) => x - means[labels[n]!]![j]!);
    for (let i = 0; i < size; i++) {
      const [line, x] = [sums[i]!, centred[i]!];
      for (let j = 0; j <= i; j++) line[j]! += x * centred[j]!;
    }
  });
  return sums.map((line) => line.map((sum) => sum / features.length));
}

function shrunk(matrix: readonly Float64Array[], shrinkage: number): Float64Array[] {
  const variance = matrix.reduce((sum, line, i) => sum + line[i]!, 0) / matrix.length;
  return matrix.map((line, i) =>
    line.map((x, j) => (1 - shrinkage) * x + (i === j ? shrinkage * variance : 0)),
  );
}

function cholesky(matrix: readonly Float64Array[]): Float64Array[] {
  const factor = matrix.map((line) => line.slice());
  const largest = Math.max(...matrix.map((line, i) => line[i]!));
  factor.forEach((line, i) => {
    for (let j = 0; j <= i; j++) {
      const other = factor[j]!;
      let value = line[j]!;
      for (let k = 0; k < j; k++) value -= line[k]! * other[k]!;
      if (i === j) {
        check(
          value > 1e-12 * largest,
          () =>
            'fitMahalanobis: the covariance is singular; give more examples than features, or a larger shrinkage.',
        );
        line[i] = Math.sqrt(value);
      } else line[j] = value / other[j]!;
    }
  });
  return factor;
}

function addRow(sums: Float64Array, row: ArrayLike<number>): void {
  for (let j = 0; j < sums.length; j++) sums[j]! += row[j]!;
}

/** @returns the number of features. */
function checkFeatures(where: string, features: readonly ArrayLike<number>[]): number {
  check(
    Array.isArray(features) && features.length > 0 && features[0]!.length > 0,
    () => `${where}: the features are ${shown(features)}; give an array with a row for each example.`,
  );
  const size = features[0]!.length;
  const other = features.findIndex((row) => row.length !== size || !Array.from(row).every(Number.isFinite));
  check(
    other < 0,
    () =>
      `${where}: row ${other} of the features is not ${size} finite numbers; give rows of one length without NaN.`,
  );
  return size;
}

/** @returns the number of classes. */
function checkClasses(examples: number, labels: ArrayLike<number>): number {
  check(
    labels?.length === examples,
    () =>
      `fitMahalanobis: there are ${examples} rows of features and ${labels?.length ?? 'no'} labels; give one label a row.`,
  );
  const other = Array.from(labels).find((label) => !(Number.isInteger(label) && label >= 0));
  check(
    other === undefined,
    () => `fitMahalanobis: a label is ${shown(other)}; give the number of a class, from 0.`,
  );
  return Array.from(labels).reduce((most, label) => Math.max(most, label + 1), 0);
}
