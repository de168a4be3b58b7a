import { ArgumentError, checkOptions, checkPositive } from '../core/errors.js';

/** How much one step of the compound coefficient phi multiplies depth, width and image size. */
export interface CompoundBase {
  /** Depth, alpha. */
  readonly alpha: number;
  /** Width, beta. */
  readonly beta: number;
  /** Image size (the resolution), gamma. */
  readonly gamma: number;
}

/** What the paper's grid search found for B0 (section 3.3). */
export const PAPER_BASE: CompoundBase = { alpha: 1.2, beta: 1.1, gamma: 1.15 };

/** How far alpha * beta^2 * gamma^2 may lie from 2; the paper's constants give 1.92. */
export const COST_TOLERANCE = 0.1;

/** Multipliers of depth, width and image size. */
export interface Multipliers {
  readonly depth: number;
  readonly width: number;
  readonly size: number;
}

/**
 * Multiply-adds of one step of phi: alpha * beta^2 * gamma^2, since they grow with depth and with the squares of width
 * and size.
 */
export function stepCost({ alpha, beta, gamma }: CompoundBase): number {
  return alpha * beta ** 2 * gamma ** 2;
}

/** Whether one step of phi about doubles the cost: alpha * beta^2 * gamma^2 ~ 2 (equation 3). */
export function meetsConstraint(base: CompoundBase, tolerance = COST_TOLERANCE): boolean {
  return Math.abs(stepCost(base) - 2) <= tolerance;
}

/**
 * The compound law: depth = alpha^phi, width = beta^phi, size = gamma^phi, which multiplies the cost by about
 * 2^phi. Source: Tan and Le 2019, arXiv 1905.11946, equation 3.
 * @throws ArgumentError where alpha, beta or gamma is below 1 or alpha * beta^2 * gamma^2 is further than 0.1 from 2.
 */
export function compoundScale(phi: number, base: CompoundBase = PAPER_BASE): Multipliers {
  if (!Number.isFinite(phi)) throw new ArgumentError(`phi is ${phi}; give a finite number.`);
  checkOptions('compoundScale: the base', base, { alpha: true, beta: true, gamma: true });
  const { alpha, beta, gamma } = base;
  if (!(alpha >= 1 && beta >= 1 && gamma >= 1)) {
    throw new ArgumentError(`alpha, beta, gamma are ${alpha}, ${beta}, ${gamma}; each must be at least 1.`);
  }
  if (!meetsConstraint(base)) {
    throw new ArgumentError(
      `alpha * beta^2 * gamma^2 is ${stepCost(base).toFixed(3)}; it must be within ${COST_TOLERANCE} of 2. ` +
        'Change alpha, beta or gamma.',
    );
  }
  return { depth: alpha ** phi, width: beta ** phi, size: gamma ** phi };
}

/**
 * Filters times width, rounded to the nearest multiple of 8, at least 8, but never below 90 % of the product.
 * Source: the reference implementation of EfficientNet, `round_filters`.
 */
export function roundFilters(filters: number, width: number): number {
  checkPositive('filters', filters);
  checkPositive('width', width);
  const scaled = filters * width;
  const rounded = roundToEights(scaled);
  return rounded < 0.9 * scaled ? rounded + 8 : rounded;
}

/** The nearest multiple of 8, at least 8. */
export function roundToEights(channels: number): number {
  return Math.max(8, Math.floor((channels + 4) / 8) * 8);
}

/** Repeats times depth, rounded up. Source: the reference implementation of EfficientNet, `round_repeats`. */
export function roundRepeats(repeats: number, depth: number): number {
  checkPositive('repeats', repeats);
  checkPositive('depth', depth);
  return Math.ceil(repeats * depth);
}
