import { check, type OptionNames } from './errors.js';

/** Where a download ends, however slow or long it is. */
export interface TransferLimits {
  /** How often a transfer that breaks is continued. Default 4. */
  readonly retries?: number;
  /** Time before the first retry, in milliseconds; it doubles. Default 500. */
  readonly retryTime?: number;
  /** Time without a byte after which a transfer counts as broken, in milliseconds. Default 30,000. */
  readonly stallTime?: number;
  /** Bytes a second that come at least, on average over each `rateTime`; of fewer, the transfer counts as broken. Default 1024. */
  readonly minRate?: number;
  /** In milliseconds. Default 60,000. */
  readonly rateTime?: number;
  /** Time of all tries together, in milliseconds. Default a day. */
  readonly maxTime?: number;
  /** Bytes that a file has at most, unpacked where the server packed it. Default 2 GiB, as much as Node reads of a file. */
  readonly maxBytes?: number;
}

const defaults: Required<TransferLimits> = {
  retries: 4,
  retryTime: 500,
  stallTime: 30_000,
  minRate: 1024,
  rateTime: 60_000,
  maxTime: 24 * 60 * 60 * 1000,
  maxBytes: 2 ** 31,
};

const names = Object.keys(defaults) as (keyof TransferLimits)[];

/** Every one of {@link TransferLimits}. */
export const transferLimitNames = Object.fromEntries(
  names.map((name) => [name, true]),
) as OptionNames<TransferLimits>;

/**
 * All limits, the default for each that is not given.
 * @throws ArgumentError where one is not a number of at least 0.
 */
export function transferLimits(given: TransferLimits): Required<TransferLimits> {
  const limits = { ...defaults };
  for (const name of names) {
    const value = given[name] ?? defaults[name];
    check(
      typeof value === 'number' && value >= 0,
      () => `${name} is ${String(value)}; give a number of at least 0, or Infinity for no limit.`,
    );
    limits[name] = value;
  }
  return limits;
}
