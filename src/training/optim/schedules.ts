import { check, checkAtLeastZero, checkInteger, checkOptions } from '../../core/errors.js';

/** The learning rate of a step; the first one is step 0. A pure function, so that a run can be resumed anywhere. */
export type Schedule = (step: number) => number;

/** Always `rate`. */
export function constantSchedule(rate: number): Schedule {
  checkAtLeastZero('rate', rate);
  return () => rate;
}

/** Options of {@link stepSchedule}. */
export interface StepScheduleOptions {
  /** The steps from which on the rate is lower again. */
  readonly at: readonly number[];
  /** Multiplies the rate at each of them. Default 0.1. */
  readonly factor?: number;
}

/** `rate`, times `factor` at certain steps, as ResNets were trained. As torch.optim.lr_scheduler.MultiStepLR. */
export function stepSchedule(rate: number, options: StepScheduleOptions): Schedule {
  checkOptions('stepSchedule', options, { at: true, factor: true });
  const { at, factor = 0.1 } = options;
  checkAtLeastZero('rate', rate);
  checkAtLeastZero('factor', factor);
  at.forEach((step, i) => checkAtLeastZero(`at[${i}]`, step));
  return (step) => rate * factor ** at.filter((first) => step >= first).length;
}

/** Options of {@link exponentialSchedule}. */
export interface ExponentialScheduleOptions {
  /** Steps between two decays; EfficientNet's are 2.4 epochs. It need not be whole. */
  readonly every: number;
  /** Multiplies the rate. Default 0.97, EfficientNet's. */
  readonly factor?: number;
  /** Whether the rate falls in stairs rather than at every step. Default true. */
  readonly staircase?: boolean;
}

/** rate * factor^(step / every), the exponent rounded down. As tf.train.exponential_decay and timm's StepLRScheduler. */
export function exponentialSchedule(rate: number, options: ExponentialScheduleOptions): Schedule {
  checkOptions('exponentialSchedule', options, { every: true, factor: true, staircase: true });
  const { every, factor = 0.97, staircase = true } = options;
  checkAtLeastZero('rate', rate);
  checkAtLeastZero('factor', factor);
  check(every > 0, () => `every is ${every}; give a positive number of steps.`);
  return (step) => rate * factor ** (staircase ? Math.floor(step / every) : step / every);
}

/** Options of {@link cosineSchedule}. */
export interface CosineScheduleOptions {
  /** Steps until the rate is at its minimum, where it stays. */
  readonly steps: number;
  /** Default 0. */
  readonly minimum?: number;
}

/**
 * Half a wave from `rate` down to the minimum. Source: Loshchilov and Hutter 2016, arXiv 1608.03983, without restarts;
 * as torch.optim.lr_scheduler.CosineAnnealingLR.
 */
export function cosineSchedule(rate: number, options: CosineScheduleOptions): Schedule {
  checkOptions('cosineSchedule', options, { steps: true, minimum: true });
  const { steps, minimum = 0 } = options;
  checkAtLeastZero('rate', rate);
  checkAtLeastZero('minimum', minimum);
  checkInteger('steps', steps, 1);
  return (step) => cosine(rate, minimum, step / steps);
}

/** Options of {@link polynomialSchedule}. */
export interface PolynomialScheduleOptions extends CosineScheduleOptions {
  /** 1 is a straight line. Default 1. */
  readonly power?: number;
}

/** minimum + (rate - minimum) * (1 - step / steps)^power. As torch.optim.lr_scheduler.PolynomialLR. */
export function polynomialSchedule(rate: number, options: PolynomialScheduleOptions): Schedule {
  checkOptions('polynomialSchedule', options, { steps: true, minimum: true, power: true });
  const { steps, minimum = 0, power = 1 } = options;
  checkAtLeastZero('rate', rate);
  checkAtLeastZero('minimum', minimum);
  checkAtLeastZero('power', power);
  checkInteger('steps', steps, 1);
  return (step) => minimum + (rate - minimum) * Math.max(0, 1 - step / steps) ** power;
}

/** Options of {@link oneCycleSchedule}. */
export interface OneCycleScheduleOptions {
  /** All steps of the run. */
  readonly steps: number;
  /** The share of them in which the rate rises. Default 0.3. */
  readonly rise?: number;
  /** The first rate is `rate` divided by this. Default 25. */
  readonly startDivisor?: number;
  /** The last rate is the first divided by this. Default 10,000. */
  readonly endDivisor?: number;
}

/**
 * Half a wave up to `rate`, then half a wave down to almost nothing. Source: Smith and Topin 2017, arXiv 1708.07120;
 * as torch.optim.lr_scheduler.OneCycleLR, without its cycle of momentum.
 */
export function oneCycleSchedule(rate: number, options: OneCycleScheduleOptions): Schedule {
  checkOptions('oneCycleSchedule', options, {
    steps: true,
    rise: true,
    startDivisor: true,
    endDivisor: true,
  });
  const { steps, rise = 0.3, startDivisor = 25, endDivisor = 1e4 } = options;
  checkAtLeastZero('rate', rate);
  checkInteger('steps', steps, 2);
  for (const [name, divisor] of Object.entries({ startDivisor, endDivisor })) {
    check(divisor > 0, () => `${name} is ${divisor}; give a positive number.`);
  }
  const start = rate / startDivisor;
  const peak = rise * steps - 1;
  check(
    peak > 0 && rise <= 1,
    () => `rise is ${rise} of ${steps} steps; give a share of more than one step.`,
  );
  return (step) =>
    step <= peak
      ? cosine(start, rate, step / peak)
      : cosine(rate, start / endDivisor, (step - peak) / (steps - 1 - peak));
}

/** Options of {@link withWarmUp}. */
export interface WarmUpScheduleOptions {
  /** Steps in which the rate rises. */
  readonly steps: number;
  /** The rate of the first step. Default 0. */
  readonly from?: number;
}

/**
 * A straight line up to the first rate of `schedule`, which then begins at its step 0. Source: Goyal et al. 2017,
 * arXiv 1706.02677, section 2.2; as timm's schedulers with warmup_prefix.
 */
export function withWarmUp(schedule: Schedule, options: WarmUpScheduleOptions): Schedule {
  checkOptions('withWarmUp', options, { steps: true, from: true });
  const { steps, from = 0 } = options;
  checkInteger('steps', steps, 0);
  checkAtLeastZero('from', from);
  const first = schedule(0);
  return (step) => (step < steps ? from + ((first - from) * step) / steps : schedule(step - steps));
}

/** From `start` to `end` on half a wave, as `progress` goes from 0 to 1; after that, `end`. */
function cosine(start: number, end: number, progress: number): number {
  return end + ((start - end) * (1 + Math.cos(Math.PI * Math.min(1, progress)))) / 2;
}
