/** Samples of a linear function of 0 and 1. */
export interface LinearSamples {
  /** Of each sample, 0 or 1 for each coefficient. */
  readonly inputs: readonly Uint8Array[];
  readonly outputs: Float64Array;
  readonly weights: Float64Array;
}

/**
 * The x for which x Q x / 2 - b x is least, where Q is symmetric and positive definite: Cholesky's method. A direction that Q knows
 * nothing of gets 0.
 */
export function solveSymmetric(matrix: readonly Float64Array[], right: Float64Array): Float64Array {
  const n = right.length;
  const lower = matrix.map((row) => row.slice());
  const largest = matrix.reduce((most, row, i) => Math.max(most, row[i]!), 0);
  for (let j = 0; j < n; j++) {
    let pivot = lower[j]![j]!;
    for (let k = 0; k < j; k++) pivot -= lower[j]![k]! ** 2;
    const root = pivot > 1e-12 * largest ? Math.sqrt(pivot) : Infinity;
    lower[j]![j] = root;
    for (let i = j + 1; i < n; i++) {
      let value = lower[i]![j]!;
      for (let k = 0; k < j; k++) value -= lower[i]![k]! * lower[j]![k]!;
      lower[i]![j] = value / root;
    }
  }
  const x = right.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= lower[i]![k]! * x[k]!;
    x[i]! /= lower[i]![i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= lower[k]![i]! * x[k]!;
    x[i]! /= lower[i]![i]!;
  }
  return x;
}

/** A linear function that fits samples. */
export interface RidgeFit {
  readonly coefficients: Float64Array;
  readonly intercept: number;
  /** The part of the outputs' weighted variance that it explains, R squared. */
  readonly fit: number;
}

/** The weighted least squares with an intercept, plus `alpha` times the squares of the coefficients. */
export function ridge({ inputs, outputs, weights }: LinearSamples, alpha: number): RidgeFit {
  const n = inputs[0]!.length;
  const all = weights.reduce((a, b) => a + b, 0);
  const means = new Float64Array(n);
  let mean = 0;
  for (const [s, input] of inputs.entries()) {
    const weight = weights[s]! / all;
    mean += weight * outputs[s]!;
    for (let i = 0; i < n; i++) means[i]! += weight * input[i]!;
  }
  const centred = inputs.map((input) => Float64Array.from(input, (value, i) => value - means[i]!));
  const { matrix, right } = normalEquations(
    centred,
    outputs.map((y) => y - mean),
    weights,
  );
  for (let i = 0; i < n; i++) matrix[i]![i]! += alpha;
  const coefficients = solveSymmetric(matrix, right);
  let [missed, spread] = [0, 0];
  for (const [s, input] of centred.entries()) {
    const predicted = input.reduce((sum, value, i) => sum + value * coefficients[i]!, mean);
    missed += weights[s]! * (outputs[s]! - predicted) ** 2;
    spread += weights[s]! * (outputs[s]! - mean) ** 2;
  }
  const intercept = mean - coefficients.reduce((sum, value, i) => sum + value * means[i]!, 0);
  return { coefficients, intercept, fit: spread === 0 ? 1 : 1 - missed / spread };
}

/** The weighted least squares without intercept, whose coefficients sum to `sum`. */
export function constrained({ inputs, outputs, weights }: LinearSamples, sum: number): Float64Array {
  const last = inputs[0]!.length - 1;
  // The last coefficient is what the others leave of the sum.
  const rows = inputs.map((input) => Float64Array.from(input.subarray(0, last), (z) => z - input[last]!));
  const rest = outputs.map((y, s) => y - sum * inputs[s]![last]!);
  const { matrix, right } = normalEquations(rows, rest, weights);
  const others = last === 0 ? new Float64Array() : solveSymmetric(matrix, right);
  return Float64Array.from([...others, sum - others.reduce((a, b) => a + b, 0)]);
}

function normalEquations(rows: readonly Float64Array[], outputs: Float64Array, weights: Float64Array) {
  const n = rows[0]?.length ?? 0;
  const matrix = Array.from({ length: n }, () => new Float64Array(n));
  const right = new Float64Array(n);
  for (const [s, row] of rows.entries()) {
    for (let i = 0; i < n; i++) {
      const part = weights[s]! * row[i]!;
      if (part === 0) continue;
      right[i]! += part * outputs[s]!;
      for (let j = 0; j < n; j++) matrix[i]![j]! += part * row[j]!;
    }
  }
  return { matrix, right };
}
