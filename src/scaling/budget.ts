import type { ModelDescription } from './counting.js';
import {
  coefficients,
  describeEfficientNet,
  efficientNetArchitecture,
  MAX_SCALE,
  MIN_SCALE,
  type Coefficients,
  type EfficientNetArchitectureOptions,
} from './efficientnet.js';
import { ScalingError, checkPositive } from './errors.js';

/** What a network may use at most; leave out what does not matter. */
export interface Budget {
  /** Trainable values. */
  readonly parameters?: number;
  /** Multiply-adds of one image, which papers on these networks call FLOPs. */
  readonly flops?: number;
  /** Bytes of all layers' outputs of one image as float32: what training keeps for the gradient. */
  readonly activationMemory?: number;
}

/** What {@link scaleToBudget} found. */
export interface BudgetedNetwork {
  /** The point of the curve, to be given to `buildEfficientNet`. */
  readonly scale: number;
  readonly coefficients: Coefficients;
  /** What the network uses of each resource, whether a budget was given for it or not. */
  readonly uses: Required<Budget>;
  /** The used part of each budget that was given, from 0 to 1. */
  readonly fractions: Budget;
}

/** Steps of the curve that are tried: hundredths. */
const STEPS_PER_UNIT = 100;

/**
 * The largest EfficientNet between scale -4 (a twentieth of B0) and 10 that fits every budget given. This is dynamic
 * scaling in three steps: a base network (B0), a resource (the budget), a balance of depth, width and resolution (the
 * compound law). It counts; no network is built. Where several points of the curve are the same network, the least of
 * them is returned.
 * @throws ScalingError where no budget is given, one is not positive, or not even the smallest network fits.
 */
export function scaleToBudget(
  budget: Budget,
  options: EfficientNetArchitectureOptions = {},
): BudgetedNetwork {
  const limits = Object.entries(budget).filter(([, limit]) => limit !== undefined) as [
    keyof Budget,
    number,
  ][];
  if (limits.length === 0)
    throw new ScalingError('No budget is given; give parameters, flops or activationMemory.');
  for (const [name, limit] of limits) {
    if (!(name in resources)) {
      throw new ScalingError(`There is no budget of ${name}; give parameters, flops or activationMemory.`);
    }
    checkPositive(name, limit);
  }

  const first = Math.round(MIN_SCALE * STEPS_PER_UNIT);
  const last = Math.round(MAX_SCALE * STEPS_PER_UNIT);
  const usesAt = (step: number) =>
    resourcesOf(describeEfficientNet(efficientNetArchitecture(step / STEPS_PER_UNIT, options)));
  const fits = (uses: Required<Budget>) => limits.every(([name, limit]) => uses[name] <= limit);

  const smallest = usesAt(first);
  if (!fits(smallest)) {
    const over = limits.filter(([name, limit]) => smallest[name] > limit);
    throw new ScalingError(
      `Not even the smallest network fits: ${over.map(([name, limit]) => `it needs ${smallest[name]} ${name} of ${limit}`).join(', ')}.`,
    );
  }
  // Counts grow along the curve but for the rounding of filters and resolution, so the search is exhaustive near its end.
  let best = first;
  for (let step = first + 1; step <= last; step++) {
    const uses = usesAt(step);
    if (fits(uses) && larger(uses, usesAt(best))) best = step;
    else if (!fits(uses) && step - best > STEPS_PER_UNIT) break;
  }
  const uses = usesAt(best);
  const fractions = Object.fromEntries(limits.map(([name, limit]) => [name, uses[name] / limit]));
  const scale = best / STEPS_PER_UNIT;
  return { scale, coefficients: coefficients(scale), uses, fractions };
}

const resources: { [name in keyof Required<Budget>]: (description: ModelDescription) => number } = {
  parameters: ({ parameters }) => parameters,
  flops: ({ multiplyAdds }) => multiplyAdds,
  activationMemory: ({ activationSize }) => 4 * activationSize,
};

function resourcesOf(description: ModelDescription): Required<Budget> {
  const { parameters, flops, activationMemory } = resources;
  return {
    parameters: parameters(description),
    flops: flops(description),
    activationMemory: activationMemory(description),
  };
}

/** Whether one network is larger than another, by its cost first. */
function larger(a: Required<Budget>, b: Required<Budget>): boolean {
  return a.flops !== b.flops ? a.flops > b.flops : a.parameters > b.parameters;
}
