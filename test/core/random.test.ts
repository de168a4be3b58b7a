import fc from 'fast-check';
import { ArgumentError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { readGolden } from '../helpers/golden.js';
import { correlation, moments } from '../helpers/statistics.js';

const bits = (random: Random, count: number) => Array.from({ length: count }, () => random.bits());

test('gives the numbers of PractRand', () => {
  const random = Random.fromState([0, 2, 1, 1]);
  bits(random, 15);
  // PractRand's sfc32 for this state, as the rand_sfc crate's test quotes it.
  expect(bits(random, 16)).toEqual([
    0x03b80bb8, 0xa87dbc7e, 0x1787178c, 0x4c7b7234, 0xc65dade2, 0x2c692349, 0xf52c2153, 0xdf098072,
    0x9d49b03c, 0x9562381a, 0xc9b41738, 0x64b75e54, 0x36ce9b32, 0xf106947e, 0x0afc726b, 0x549bbc87,
  ]);
});

test.each(Object.entries(readGolden<Record<string, number[]>>('sfc32.json')))(
  'gives the numbers of the seed %s that Python gives',
  (seed, expected) => {
    expect(bits(new Random(Number(seed)), expected.length)).toEqual(expected);
  },
);

test('a seed repeats its stream, and counts by its low 32 bits', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (seed) => {
      const stream = bits(new Random(seed), 4);
      expect(bits(new Random(seed), 4)).toEqual(stream);
      expect(bits(new Random(seed >>> 0), 4)).toEqual(stream);
      expect(bits(new Random((seed + 1) | 0), 4)).not.toEqual(stream);
    }),
  );
});

test('fromState continues the stream that state was taken of', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(50), (seed, drawn) => {
      const random = new Random(seed);
      bits(random, drawn);
      const copy = Random.fromState(JSON.parse(JSON.stringify(random.state())) as number[]);
      expect(bits(copy, 5)).toEqual(bits(random, 5));
    }),
  );
});

test('split gives a stream of its own, which repeats', () => {
  const [a, b] = [new Random(3), new Random(3)];
  const [childA, childB] = [a.split(), b.split()];
  expect(bits(childA, 10)).toEqual(bits(childB, 10));
  bits(childA, 100);
  expect(a.state()).toEqual(b.state());

  const [parent, child] = [a.uniformArray(10_000, 0, 1), childA.uniformArray(10_000, 0, 1)];
  const sibling = a.split().uniformArray(10_000, 0, 1);
  // Of independent samples the correlation is 0 ± 0.01.
  expect(Math.abs(correlation(parent, child))).toBeLessThan(0.05);
  expect(Math.abs(correlation(child, sibling))).toBeLessThan(0.05);
});

test('uniform lies in its range and fills it evenly', () => {
  const random = new Random(1);
  const values = Array.from({ length: 50_000 }, () => random.uniform(-3, 5));
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-3);
  expect(Math.max(...values)).toBeLessThan(5);
  const { mean, deviation, kurtosis } = moments(values);
  expect(mean).toBeCloseTo(1, 1);
  expect(deviation).toBeCloseTo(8 / Math.sqrt(12), 1);
  expect(kurtosis).toBeCloseTo(1.8, 1);
  const { mean: ofUnit } = moments(Array.from({ length: 50_000 }, () => random.uniform()));
  expect(ofUnit).toBeCloseTo(0.5, 2);
});

test('integer gives every number below its limit equally often', () => {
  const random = new Random(2);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 70_000; i++) counts[random.integer(7)]! += 1;
  // The standard deviation of a count is 93.
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test('uniformArray stays within its limits', () => {
  const values = new Random(4).uniformArray(50_000, -0.25, 0.75);
  expect(values).toHaveLength(50_000);
  expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.25);
  expect(Math.max(...values)).toBeLessThanOrEqual(0.75);
  expect(moments(values).mean).toBeCloseTo(0.25, 2);
});

test('normalArray is normal', () => {
  const values = new Random(5).normalArray(50_001, 2);
  const { mean, deviation, kurtosis } = moments(values);
  expect(Math.abs(mean)).toBeLessThan(0.05);
  expect(deviation).toBeCloseTo(2, 1);
  expect(Math.abs(kurtosis - 3)).toBeLessThan(0.15);
  // 31.7 % of a normal distribution lie beyond one standard deviation, 4.55 % beyond two.
  const beyond = (limit: number) => values.filter((v) => Math.abs(v) > limit).length / values.length;
  expect(beyond(2)).toBeCloseTo(0.317, 2);
  expect(beyond(4)).toBeCloseTo(0.0455, 2);
  expect(Math.abs(correlation(values.subarray(0, 50_000), values.subarray(1)))).toBeLessThan(0.03);
  expect(new Random(5).normalArray(0, 1)).toHaveLength(0);
});

test('refuses what is no seed or state', () => {
  expect(() => new Random(0.5)).toThrow('The seed is 0.5; give an integer.');
  expect(() => new Random(NaN)).toThrow(ArgumentError);
  expect(() => Random.fromState([1, 2, 3])).toThrow(/random state is \[1,2,3\]; give the four integers/);
  expect(() => Random.fromState([1, 2, 3, 0.5])).toThrow(ArgumentError);
});
