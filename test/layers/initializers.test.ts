import { Random } from '../../src/core/random.js';
import {
  glorotUniform,
  heNormal,
  heTruncatedNormal,
  uniformFanIn,
  uniformFanOut,
  zeros,
  type Initializer,
} from '../../src/layers/index.js';
import { moments } from '../helpers/statistics.js';

const kernel = { count: 40_001, fanIn: 50, fanOut: 200 };

// By their definitions: standard deviation, kurtosis (of a truncated normal distribution 2.37), and largest value.
const heDeviation = Math.sqrt(2 / 200);
const uniform = (limit: number) => [limit / Math.sqrt(3), 1.8, limit] as const;
test.each<[string, Initializer, number, number, number]>([
  ['heNormal', heNormal, heDeviation, 3, Infinity],
  ['heTruncatedNormal', heTruncatedNormal, heDeviation, 2.37, (2 * heDeviation) / 0.8796],
  ['glorotUniform', glorotUniform, ...uniform(Math.sqrt(6 / 250))],
  ['uniformFanIn', uniformFanIn, ...uniform(1 / Math.sqrt(50))],
  ['uniformFanOut', uniformFanOut, ...uniform(1 / Math.sqrt(200))],
])('%s', (_, initializer, deviation, kurtosis, largest) => {
  const values = initializer(new Random(1), kernel);
  expect(values).toHaveLength(kernel.count);
  const sample = moments(values);
  expect(Math.abs(sample.mean) / deviation).toBeLessThan(0.02);
  expect(Math.abs(sample.deviation / deviation - 1)).toBeLessThan(0.02);
  expect(Math.abs(sample.kurtosis - kurtosis)).toBeLessThan(0.15);
  const extreme = values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
  expect(extreme).toBeLessThanOrEqual(largest * 1.0001);
  // The limit is reached, or the tails are there.
  expect(extreme).toBeGreaterThan(Math.min(largest * 0.99, 3.5 * deviation));

  expect(initializer(new Random(1), kernel)).toEqual(values);
  expect(initializer(new Random(2), kernel)).not.toEqual(values);
});

test('zeros', () => {
  expect([...zeros(new Random(0), { ...kernel, count: 3 })]).toEqual([0, 0, 0]);
});
