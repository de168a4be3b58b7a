import fc from 'fast-check';
import {
  compoundScale,
  meetsConstraint,
  PAPER_BASE,
  roundFilters,
  roundRepeats,
  stepCost,
} from '../../src/scaling/index.js';

const widths = fc.double({ min: 0.1, max: 4, noNaN: true });
const filters = fc.integer({ min: 1, max: 4096 });

describe('compoundScale', () => {
  test("the paper's alpha * beta^2 * gamma^2 is about 2", () => {
    expect(stepCost(PAPER_BASE)).toBeCloseTo(1.2 * 1.21 * 1.3225, 12);
    expect(stepCost(PAPER_BASE)).toBeGreaterThanOrEqual(1.9);
    expect(stepCost(PAPER_BASE)).toBeLessThanOrEqual(2.1);
    expect(meetsConstraint(PAPER_BASE)).toBe(true);
  });

  test('is the base at 0, alpha, beta, gamma at 1, and their powers beyond', () => {
    expect(compoundScale(0)).toEqual({ depth: 1, width: 1, size: 1 });
    expect(compoundScale(1)).toEqual({ depth: 1.2, width: 1.1, size: 1.15 });
    expect(compoundScale(2).depth).toBeCloseTo(1.44, 12);
    expect(compoundScale(-1).width).toBeCloseTo(1 / 1.1, 12);
  });

  test('multiplies the cost by stepCost^phi', () => {
    fc.assert(
      fc.property(fc.double({ min: -10, max: 10, noNaN: true }), (phi) => {
        const { depth, width, size } = compoundScale(phi);
        expect((depth * width ** 2 * size ** 2) / stepCost(PAPER_BASE) ** phi).toBeCloseTo(1, 9);
      }),
    );
  });

  test('refuses a base that breaks the constraint', () => {
    expect(() => compoundScale(1, { alpha: 1.5, beta: 1.2, gamma: 1.2 })).toThrow(
      /is 3\.110.*within 0\.1 of 2/,
    );
    expect(() => compoundScale(1, { alpha: 0.5, beta: 2, gamma: 1 })).toThrow(/at least 1/);
    expect(() => compoundScale(1, { alpha: NaN, beta: 1, gamma: 1 })).toThrow(/at least 1/);
    expect(() => compoundScale(Infinity)).toThrow(/phi is Infinity/);
  });
});

describe('roundFilters', () => {
  // The channels of B1 to B7 as torchvision and Keras build them.
  test.each([
    [32, 1.1, 32],
    [32, 1.2, 40],
    [32, 2.0, 64],
    [16, 1.2, 24],
    [24, 1.1, 24],
    [40, 1.1, 48],
    [112, 1.4, 160],
    [192, 1.6, 304],
    [320, 1.1, 352],
    [1280, 1.1, 1408],
    [1280, 2.0, 2560],
    [4, 1.0, 8],
  ])('%d filters at width %d are %d', (filters, width, expected) => {
    expect(roundFilters(filters, width)).toBe(expected);
  });

  test('is a multiple of 8, at least 8, at least 90 % of the product and less than 8 above it', () => {
    fc.assert(
      fc.property(filters, widths, (filters, width) => {
        const rounded = roundFilters(filters, width);
        expect(rounded % 8).toBe(0);
        expect(rounded).toBeGreaterThanOrEqual(8);
        expect(rounded).toBeGreaterThanOrEqual(0.9 * filters * width);
        expect(rounded).toBeLessThan(filters * width + 8);
      }),
    );
  });

  test('never falls as width grows', () => {
    fc.assert(
      fc.property(filters, widths, widths, (filters, a, b) => {
        expect(roundFilters(filters, Math.max(a, b))).toBeGreaterThanOrEqual(
          roundFilters(filters, Math.min(a, b)),
        );
      }),
    );
  });

  test('refuses what is not positive', () => {
    expect(() => roundFilters(32, 0)).toThrow(/width is 0/);
    expect(() => roundFilters(NaN, 1)).toThrow(/filters is NaN/);
  });
});

describe('roundRepeats', () => {
  test.each([
    [1, 1.0, 1],
    [2, 1.1, 3],
    [3, 1.4, 5],
    [4, 3.1, 13],
    [1, 0.5, 1],
  ])('%d repeats at depth %d are %d', (repeats, depth, expected) => {
    expect(roundRepeats(repeats, depth)).toBe(expected);
  });

  test('refuses what is not positive', () => {
    expect(() => roundRepeats(2, -1)).toThrow(/depth is -1/);
  });
});
