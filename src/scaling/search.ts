import { stepCost, type CompoundBase } from './compound.js';
import { ScalingError, checkPositive } from './errors.js';

/** Options of {@link searchCoefficients}. */
export interface SearchOptions {
  /** Distance of two grid points. Default 0.05, with which the paper's own result lies on the grid. */
  readonly step?: number;
  /** Largest alpha, beta and gamma tried; the smallest is 1. Default 1.4. */
  readonly limit?: number;
  /** How far alpha * beta^2 * gamma^2 may lie from 2. Default 0.1. */
  readonly tolerance?: number;
  /** Called after each evaluation. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** One evaluated point of the grid. */
export interface Candidate extends CompoundBase {
  /** What `evaluate` returned. */
  readonly score: number;
}

/**
 * The grid search for alpha, beta and gamma under alpha * beta^2 * gamma^2 ~ 2 with phi = 1.
 * Source: Tan and Le 2019, arXiv 1905.11946, section 3.3, step 1.
 * @param evaluate - The score, such as the accuracy, of the base network scaled by these; higher is better.
 * @returns every evaluated point, the best first.
 * @throws ScalingError where no point of the grid meets the constraint, or a score is not a number.
 */
export async function searchCoefficients(
  evaluate: (base: CompoundBase) => number | Promise<number>,
  { step = 0.05, limit = 1.4, tolerance = 0.1, onProgress }: SearchOptions = {},
): Promise<Candidate[]> {
  checkPositive('step', step);
  const points = Math.floor((limit - 1) / step + 1e-9);
  const values = Array.from({ length: points + 1 }, (_, i) => Number((1 + i * step).toFixed(10)));
  const grid = values
    .flatMap((alpha) => values.flatMap((beta) => values.map((gamma) => ({ alpha, beta, gamma }))))
    .filter((base) => Math.abs(stepCost(base) - 2) <= tolerance);
  if (grid.length === 0) {
    throw new ScalingError(
      `No point of the grid meets the constraint within ${tolerance}; give a smaller step.`,
    );
  }
  const candidates: Candidate[] = [];
  for (const base of grid) {
    const score = await evaluate(base);
    if (Number.isNaN(score)) {
      throw new ScalingError(
        `evaluate gave NaN for ${JSON.stringify(base)}; give a number, higher for better.`,
      );
    }
    candidates.push({ ...base, score });
    onProgress?.(candidates.length, grid.length);
  }
  return candidates.sort((a, b) => b.score - a.score);
}
