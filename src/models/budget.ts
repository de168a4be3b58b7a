import { ArgumentError, checkOptions, checkPositive, shown } from '../core/errors.js';
import {
  coefficients,
  efficientNetArchitecture,
  MAX_LITE_SCALE,
  MAX_SCALE,
  MIN_SCALE,
  type Coefficients,
  type EfficientNetArchitecture,
  type EfficientNetArchitectureOptions,
} from '../scaling/index.js';
import { efficientNetArchitectureOptionNames } from '../scaling/efficientnet.js';
import { describeEfficientNet } from './describe.js';

/** What a network may use at most; leave out what does not matter. */
export interface Budget {
  /** Trainable values. */
  readonly parameters?: number;
  /** Multiply-adds of one image, which papers on these networks call FLOPs; a multiplication and an addition are one. */
  readonly flops?: number;
  /** Bytes of all layers' outputs of one image as float32: about what training keeps for the gradient. */
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

/** Points of the curve that are tried: hundredths, and of EfficientNet-Lite the published ones. */
const STEPS_PER_UNIT = 100;

/**
 * The largest EfficientNet that fits every budget given, of scales -4 (an eighth of B0's multiply-adds) to 10 (640 times)
 * by hundredths, or of Lite 0 to 4. This is dynamic scaling in three steps: a base network (B0), a resource (the budget),
 * a balance of depth, width and size (the compound law). It counts; no network is built. Rounding makes
 * neighbours on the curve the same network: the largest scale is returned, or the whole number below it if that is the
 * same. Since repeats are rounded up, the curve has steps: from B0 (386 M multiply-adds) to scale 0.01 (570 M) every
 * stage of two blocks or more gains one, so a budget between the two gives B0.
 * @throws ArgumentError where no budget is given, one is not positive, or not even the smallest network fits.
 */
export function scaleToBudget(
  budget: Budget,
  options: EfficientNetArchitectureOptions = {},
): BudgetedNetwork {
  checkOptions('scaleToBudget', options, efficientNetArchitectureOptionNames);
  const limits = givenLimits(budget);
  const { first, last, stepsPerUnit } = curve(options);
  const usesAt = (step: number) => usesOfStep(step / stepsPerUnit, options);
  const fits = (uses: Required<Budget>) => limits.every(([name, limit]) => uses[name] <= limit);

  const smallest = usesAt(first);
  if (!fits(smallest)) {
    const excess = limits
      .filter(([name, limit]) => smallest[name] > limit)
      .map(([name, limit]) => {
        const times = (smallest[name] / limit).toPrecision(3);
        return `${name} ${smallest[name]}, ${times} times the budget of ${limit}`;
      });
    throw new ArgumentError(
      `Not even the smallest network (scale ${first / stepsPerUnit}) fits: it needs ${excess.join('; ')}.`,
    );
  }

  // No count ever falls along the curve, so bisection finds the last step that fits.
  let fitting = first;
  let tooLarge = last + 1;
  while (tooLarge - fitting > 1) {
    const middle = (fitting + tooLarge) >> 1;
    if (fits(usesAt(middle))) fitting = middle;
    else tooLarge = middle;
  }

  const uses = usesAt(fitting);
  const whole = Math.floor(fitting / stepsPerUnit);
  const isWhole = sameUses(usesAt(whole * stepsPerUnit), uses);
  const scale = isWhole ? whole : fitting / stepsPerUnit;
  const fractions = Object.fromEntries(limits.map(([name, limit]) => [name, uses[name] / limit]));
  return { scale, coefficients: coefficients(scale, options.variant), uses, fractions };
}

/** The steps of the curve, in units of 1 / stepsPerUnit. */
function curve({ variant }: EfficientNetArchitectureOptions) {
  if (variant === 'lite') return { first: 0, last: MAX_LITE_SCALE, stepsPerUnit: 1 };
  return {
    first: MIN_SCALE * STEPS_PER_UNIT,
    last: MAX_SCALE * STEPS_PER_UNIT,
    stepsPerUnit: STEPS_PER_UNIT,
  };
}

/** The budgets that were given, checked. */
function givenLimits(budget: Budget): [keyof Budget, number][] {
  if (typeof budget !== 'object' || budget === null) {
    throw new ArgumentError(`The budget is ${shown(budget)}; give an object, such as { parameters: 5e6 }.`);
  }
  const limits = Object.entries(budget).filter(([, limit]) => limit !== undefined);
  if (limits.length === 0) {
    throw new ArgumentError('No budget is given; give parameters, flops or activationMemory.');
  }
  for (const [name, limit] of limits) {
    if (!['parameters', 'flops', 'activationMemory'].includes(name)) {
      throw new ArgumentError(`There is no budget of ${name}; give parameters, flops or activationMemory.`);
    }
    checkPositive(name, limit);
  }
  return limits as [keyof Budget, number][];
}

/** What was counted before, by scale and options. */
const counted = new Map<string, Required<Budget>>();

function usesOfStep(scale: number, options: EfficientNetArchitectureOptions): Required<Budget> {
  const key = JSON.stringify([scale, options]);
  const uses = counted.get(key) ?? usesOf(efficientNetArchitecture(scale, options));
  counted.set(key, uses);
  return uses;
}

/** What a network uses. The blocks of a stage after the first are alike, so one of them is counted for all. */
function usesOf(architecture: EfficientNetArchitecture): Required<Budget> {
  const stages = architecture.stages.map((stage) => ({ ...stage, repeats: Math.min(stage.repeats, 2) }));
  const uses = { parameters: 0, flops: 0, activationMemory: 0 };
  for (const { name, parameters, multiplyAdds, outputShape } of describeEfficientNet({
    ...architecture,
    stages,
  }).layers) {
    const [, stage] = /^stages\.(\d+)\.1\./.exec(name) ?? [];
    const times = stage === undefined ? 1 : architecture.stages[Number(stage)]!.repeats - 1;
    uses.parameters += times * parameters;
    uses.flops += times * multiplyAdds;
    const size = outputShape.reduce((a, b) => a * b, 1);
    uses.activationMemory += times * size * Float32Array.BYTES_PER_ELEMENT;
  }
  return uses;
}

function sameUses(a: Required<Budget>, b: Required<Budget>): boolean {
  return a.parameters === b.parameters && a.flops === b.flops && a.activationMemory === b.activationMemory;
}
