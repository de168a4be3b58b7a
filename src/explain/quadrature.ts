/** Approximates an integral from 0 to 1. */
export type QuadratureRule = 'gauss-legendre' | 'midpoint' | 'trapezoid';

/** Where a function is evaluated, and what its values are multiplied by; the weights sum to 1. */
export interface Quadrature {
  readonly points: Float64Array;
  readonly weights: Float64Array;
}

/** The points and weights of a rule. */
export function quadrature(rule: QuadratureRule, count: number): Quadrature {
  if (rule === 'gauss-legendre') return gaussLegendre(count);
  const points = new Float64Array(count);
  const weights = new Float64Array(count);
  const gaps = count - 1;
  for (let i = 0; i < count; i++) {
    if (rule === 'midpoint') {
      points[i] = (i + 0.5) / count;
      weights[i] = 1 / count;
    } else {
      points[i] = i / gaps;
      weights[i] = (i === 0 || i === gaps ? 0.5 : 1) / gaps;
    }
  }
  return { points, weights };
}

/** The roots of Legendre's polynomial, by Newton's method from Tricomi's approximation. */
function gaussLegendre(count: number): Quadrature {
  const points = new Float64Array(count);
  const weights = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let x = Math.cos((Math.PI * (count - i - 0.25)) / (count + 0.5));
    let slope = 1;
    for (let step = 0; step < 100; step++) {
      let [before, value] = [1, x];
      for (let n = 2; n <= count; n++)
        [before, value] = [value, ((2 * n - 1) * x * value - (n - 1) * before) / n];
      slope = (count * (x * value - before)) / (x * x - 1);
      const move = value / slope;
      x -= move;
      if (Math.abs(move) < 1e-15) break;
    }
    points[i] = (1 + x) / 2;
    weights[i] = 1 / ((1 - x * x) * slope * slope);
  }
  return { points, weights };
}
