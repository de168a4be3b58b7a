import { told } from '../core/errors.js';

/** An argument that a scaling function cannot work with. */
export class ScalingError extends RangeError {
  override name = 'ScalingError';
}

/** Throws unless `value` is a whole number of at least 1. */
export function checkCount(name: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 1)) {
    throw new ScalingError(`${name} is ${told(value)}; give a whole number of at least 1.`);
  }
}

/** Throws unless `value` is a positive finite number. */
export function checkPositive(name: string, value: number): void {
  if (!(Number.isFinite(value) && value > 0)) {
    throw new ScalingError(`${name} is ${told(value)}; give a positive finite number.`);
  }
}
