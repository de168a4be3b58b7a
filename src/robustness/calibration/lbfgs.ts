/** The value of a function and its gradient at a point. */
export interface ValueAndGradient {
  readonly value: number;
  readonly gradient: Float64Array;
}

/** Where {@link minimize} ended. */
export interface Minimum {
  readonly point: Float64Array;
  /** Whether the gradient is as small there as was asked for. */
  readonly isConverged: boolean;
}

const REMEMBERED = 10;
const MOST_STEPS = 500;

/**
 * The minimum of a smooth convex function by L-BFGS with backtracking (Nocedal and Wright 2006, algorithms 7.4, 7.5 and 3.1).
 * @param tolerance - The largest part of the gradient that is small enough.
 */
export function minimize(
  evaluate: (point: Float64Array) => ValueAndGradient,
  start: Float64Array,
  tolerance = 1e-9,
): Minimum {
  let point = start;
  let here = evaluate(point);
  const steps: Float64Array[] = [];
  const changes: Float64Array[] = [];
  for (let step = 0; step < MOST_STEPS; step++) {
    if (here.gradient.every((part) => Math.abs(part) <= tolerance)) return { point, isConverged: true };
    const direction = descent(here.gradient, steps, changes);
    const next = backtrack(evaluate, point, here, direction);
    if (!next) {
      // Rounding hides any descent along a direction that is old; the gradient alone is tried once more.
      if (steps.length === 0) break;
      steps.length = changes.length = 0;
      continue;
    }
    const moved = next.point.map((x, i) => x - point[i]!);
    const changed = next.at.gradient.map((g, i) => g - here.gradient[i]!);
    if (dot(moved, changed) > 1e-14 * dot(changed, changed)) {
      steps.push(moved);
      changes.push(changed);
      if (steps.length > REMEMBERED) {
        steps.shift();
        changes.shift();
      }
    }
    point = next.point;
    here = next.at;
  }
  return { point, isConverged: here.gradient.every((part) => Math.abs(part) <= 1e3 * tolerance) };
}

/** Minus the inverse Hessian that the last steps tell of, times the gradient. */
function descent(
  gradient: Float64Array,
  steps: readonly Float64Array[],
  changes: readonly Float64Array[],
): Float64Array {
  const direction = gradient.map((g) => -g);
  const factors = new Float64Array(steps.length);
  for (let i = steps.length - 1; i >= 0; i--) {
    factors[i] = dot(steps[i]!, direction) / dot(steps[i]!, changes[i]!);
    addTo(direction, -factors[i]!, changes[i]!);
  }
  const last = steps.length - 1;
  if (last >= 0) {
    const scale = dot(steps[last]!, changes[last]!) / dot(changes[last]!, changes[last]!);
    direction.forEach((d, i) => (direction[i] = d * scale));
  }
  steps.forEach((step, i) => {
    const factor = dot(changes[i]!, direction) / dot(step, changes[i]!);
    addTo(direction, factors[i]! - factor, step);
  });
  return direction;
}

/** The first of the steps 1, 1/2, 1/4, … that goes down enough; undefined where none does. */
function backtrack(
  evaluate: (point: Float64Array) => ValueAndGradient,
  point: Float64Array,
  { value, gradient }: ValueAndGradient,
  direction: Float64Array,
) {
  const slope = dot(direction, gradient);
  for (let length = 1; length > 1e-12; length /= 2) {
    const next = point.map((x, i) => x + length * direction[i]!);
    const at = evaluate(next);
    // Near the minimum, rounding is larger than any descent.
    if (at.value <= value + 1e-4 * length * slope + 1e-15 * Math.abs(value)) return { point: next, at };
  }
  return undefined;
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, x, i) => sum + x * b[i]!, 0);
}

function addTo(target: Float64Array, factor: number, values: Float64Array): void {
  values.forEach((value, i) => (target[i]! += factor * value));
}
