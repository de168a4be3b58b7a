import {
  constantSchedule,
  cosineSchedule,
  exponentialSchedule,
  oneCycleSchedule,
  polynomialSchedule,
  stepSchedule,
  withWarmUp,
  type Schedule,
} from '../../../src/training/optim/schedules.js';
import { readGolden } from '../../helpers/golden.js';

const { schedules: golden } = readGolden<{ schedules: Record<string, number[]> }>('training.json');

const rate = 0.4;
const cases: Record<string, Schedule> = {
  constant: constantSchedule(rate),
  step: stepSchedule(rate, { at: [10, 20] }),
  'exponential, stairs': exponentialSchedule(rate, { every: 2.4 }),
  exponential: exponentialSchedule(rate, { every: 1, factor: 0.9, staircase: false }),
  cosine: cosineSchedule(rate, { steps: 29, minimum: 0.01 }),
  polynomial: polynomialSchedule(rate, { steps: 25, power: 2 }),
  'one cycle': oneCycleSchedule(rate, { steps: 30 }),
  'cosine, warm-up': withWarmUp(cosineSchedule(rate, { steps: 20 }), { steps: 5, from: 0.02 }),
  'exponential, warm-up': withWarmUp(exponentialSchedule(rate, { every: 2.4 }), { steps: 5 }),
};

test('every schedule that PyTorch and timm made is tested', () => {
  expect(Object.keys(cases)).toEqual(Object.keys(golden));
});

test.each(Object.keys(cases))('%s: the rates are those of PyTorch or timm', (name) => {
  const rates = golden[name]!.map((_, step) => cases[name]!(step));
  rates.forEach((rate, step) => expect(Math.abs(rate - golden[name]![step]!)).toBeLessThan(1e-8));
});

test('what is out of range is refused', () => {
  expect(() => constantSchedule(-1)).toThrow('rate is -1; give a number of at least 0.');
  expect(() => cosineSchedule(1, { steps: 0 })).toThrow('steps is 0');
  expect(() => stepSchedule(1, { at: [5, NaN] })).toThrow('at[1] is NaN');
  expect(() => stepSchedule(1, { at: [5], factor: -1 })).toThrow('factor is -1');
  expect(() => exponentialSchedule(1, { every: 1, factor: NaN })).toThrow('factor is NaN');
  expect(() => cosineSchedule(1, { steps: 5, minimum: NaN })).toThrow('minimum is NaN');
  expect(() => polynomialSchedule(1, { steps: 5, power: NaN })).toThrow('power is NaN');
  expect(() => oneCycleSchedule(NaN, { steps: 30 })).toThrow('rate is NaN');
  expect(() => oneCycleSchedule(1, { steps: 30, startDivisor: 0 })).toThrow('startDivisor is 0');
  expect(() => withWarmUp(constantSchedule(1), { steps: 2, from: -1 })).toThrow('from is -1');
  expect(() => exponentialSchedule(1, { every: 0 })).toThrow('every is 0');
  expect(() => oneCycleSchedule(1, { steps: 3, rise: 0.1 })).toThrow('rise is 0.1 of 3 steps');
  expect(() => withWarmUp(constantSchedule(1), { steps: 1.5 })).toThrow('steps is 1.5');
});
