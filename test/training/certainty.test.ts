import { certainty, wilsonInterval } from '../../src/training/certainty.js';

test.each([
  // R: prop.test(right, total, correct = FALSE)$conf.int
  [0, 10, 0, 0.2775],
  [5, 10, 0.2366, 0.7634],
  [10, 10, 0.7225, 1],
  [50, 100, 0.4038, 0.5962],
])('Wilson: %i of %i', (right, total, low, high) => {
  const interval = wilsonInterval(right, total);
  expect(interval.low).toBeCloseTo(low, 4);
  expect(interval.high).toBeCloseTo(high, 4);
});

test('counts that are none are refused', () => {
  expect(() => wilsonInterval(3, 2)).toThrow('right is 3 of 2');
  expect(() => wilsonInterval(0, 0)).toThrow('right is 0 of 0');
});

test('chance is the share of the commonest class, and few images prove nothing', () => {
  const few = certainty({ images: 6, confusion: [[3, 1], [0, 2]] }); // prettier-ignore
  expect(few).toMatchObject({ right: 5, chance: 4 / 6, isBetterThanChance: false });
  const many = certainty({ images: 60, confusion: [[30, 10], [0, 20]] }); // prettier-ignore
  expect(many).toMatchObject({ right: 50, chance: 4 / 6, isBetterThanChance: true });
});
