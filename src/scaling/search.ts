import { ArgumentError, checkOptions, checkPositive } from '../core/errors.js';
import { COST_TOLERANCE, meetsConstraint, type CompoundBase } from './compound.js';

/** Options of {@link searchCoefficients}. */
export interface SearchOptions {
  /** Distance of two grid points. Default 0.05, with which the paper's result lies on the grid. */
  readonly step?: number;
  /** Largest alpha, beta and gamma tried; the smallest is 1. Default 1.4. */
  readonly limit?: number;
  /** How far alpha * beta^2 * gamma^2 may lie from 2. Default 0.1, which is also the most. */
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
 * @param evaluate - The score, such as the accuracy, of the base network scaled by these; higher is better. One point is
 * evaluated at a time.
 * @returns every evaluated point, the best first.
 * @throws ArgumentError where no point of the grid meets the constraint, or a score is not a number.
 */
export async function searchCoefficients(
  evaluate: (base: CompoundBase) => number | Promise<number>,
  options: SearchOptions = {},
): Promise<Candidate[]> {
  checkOptions('searchCoefficients', options, { step: true, limit: true, tolerance: true, onProgress: true });
  const grid = constrainedGrid(options);
  const candidates: Candidate[] = [];
  for (const base of grid) {
    const score = await evaluate(base);
    if (typeof score !== 'number' || Number.isNaN(score)) {
      throw new ArgumentError(
        `evaluate gave ${String(score)} for ${JSON.stringify(base)}; give a number, higher for better.`,
      );
    }
    candidates.push({ ...base, score });
    options.onProgress?.(candidates.length, grid.length);
  }
  return candidates.sort((a, b) => b.score - a.score);
}

/** The points of the grid that meet the constraint. */
function constrainedGrid({
  step = 0.05,
  limit = 1.4,
  tolerance = COST_TOLERANCE,
}: SearchOptions): CompoundBase[] {
  for (const [name, value] of Object.entries({ step, limit, tolerance })) checkPositive(name, value);
  if (limit < 1) throw new ArgumentError(`limit is ${limit}; give at least 1.`);
  if (tolerance > COST_TOLERANCE) {
    throw new ArgumentError(`tolerance is ${tolerance}; give at most ${COST_TOLERANCE}.`);
  }
  const points = Math.floor((limit - 1) / step + 1e-9) + 1;
  const values = Array.from({ length: points }, (_, i) => Number((1 + i * step).toFixed(10)));
  const grid: CompoundBase[] = [];
  for (const alpha of values) {
    for (const beta of values) {
      for (const gamma of values) {
        const base = { alpha, beta, gamma };
        if (meetsConstraint(base, tolerance)) grid.push(base);
      }
    }
  }
  if (grid.length === 0) {
    throw new ArgumentError(
      `No point of the grid to ${limit} by ${step} has alpha * beta^2 * gamma^2 within ${tolerance} of 2; ` +
        'give a smaller step or a larger limit.',
    );
  }
  return grid;
}
