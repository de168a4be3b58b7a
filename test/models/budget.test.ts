import fc from 'fast-check';
import { coefficients, efficientNetArchitecture, MAX_SCALE, MIN_SCALE } from '../../src/scaling/index.js';
import { describeEfficientNet, scaleToBudget, type Budget } from '../../src/models/index.js';

/** What was counted before, by scale. */
const counted = new Map<string, Required<Budget>>();

function usesOf(scale: number, variant?: 'lite'): Required<Budget> {
  const key = `${variant} ${scale}`;
  if (!counted.has(key)) {
    const description = describeEfficientNet(efficientNetArchitecture(scale, { variant }));
    const { parameters, multiplyAdds, activationSize } = description;
    counted.set(key, { parameters, flops: multiplyAdds, activationMemory: 4 * activationSize });
  }
  return counted.get(key)!;
}

const fits = (uses: Required<Budget>, budget: Budget) =>
  Object.entries(budget).every(([name, limit]) => uses[name as keyof Budget] <= limit);

const smallest = usesOf(MIN_SCALE);
const largest = usesOf(MAX_SCALE);
const limit = (name: keyof Budget) => fc.integer({ min: smallest[name], max: largest[name] });

describe('scaleToBudget', () => {
  test('finds the network that fits, and the next on the curve does not', () => {
    const budgets = fc.record(
      { parameters: limit('parameters'), flops: limit('flops'), activationMemory: limit('activationMemory') },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(budgets, (budget) => {
        fc.pre(Object.keys(budget).length > 0);
        const found = scaleToBudget(budget);
        expect(found.uses).toEqual(usesOf(found.scale));
        expect(fits(found.uses, budget)).toBe(true);
        expect(found.coefficients).toEqual(coefficients(found.scale));
        for (const [name, limit] of Object.entries(budget)) {
          expect(found.fractions[name as keyof Budget]).toBe(found.uses[name as keyof Budget] / limit);
        }
        expect(Object.keys(found.fractions).sort()).toEqual(Object.keys(budget).sort());
        const larger = nextNetwork(found.scale);
        if (larger) expect(fits(larger, budget)).toBe(false);
      }),
      { numRuns: 40 },
    );
  });

  /** What the next larger network on the curve uses, hundredth by hundredth. */
  function nextNetwork(scale: number): Required<Budget> | undefined {
    const uses = usesOf(scale);
    for (let step = Math.round(scale * 100) + 1; step <= 100 * MAX_SCALE; step++) {
      const next = usesOf(step / 100);
      if (next.flops !== uses.flops || next.parameters !== uses.parameters) return next;
    }
    return undefined;
  }

  test('finds each published network from what it uses, and not with one less', () => {
    for (const x of [0, 1, 2, 3, 4, 5, 6, 7]) {
      const uses = usesOf(x);
      expect(scaleToBudget(uses)).toMatchObject({ scale: x, coefficients: coefficients(x), uses });
      for (const name of ['parameters', 'flops', 'activationMemory'] as const) {
        expect(scaleToBudget({ ...uses, [name]: uses[name] - 1 }).scale).toBeLessThan(x);
      }
    }
  });

  test('the tightest of several budgets decides', () => {
    const flops = scaleToBudget({ flops: 2e9 }).scale;
    const memory = scaleToBudget({ activationMemory: 1e8 }).scale;
    expect(memory).toBeLessThan(flops);
    expect(scaleToBudget({ flops: 2e9, activationMemory: 1e8 }).scale).toBe(memory);
  });

  test('a head of fewer classes leaves room for a larger network', () => {
    const budget = { parameters: 5_000_000 };
    expect(scaleToBudget(budget, { classes: 10 }).scale).toBeGreaterThan(scaleToBudget(budget).scale);
  });

  test('finds an EfficientNet-Lite', () => {
    for (const scale of [0, 1, 2, 3, 4]) {
      const uses = usesOf(scale, 'lite');
      expect(scaleToBudget(uses, { variant: 'lite' })).toMatchObject({ scale, uses });
    }
    expect(scaleToBudget({ flops: 1e9 }, { variant: 'lite' }).scale).toBe(2);
    expect(() => scaleToBudget({ flops: 1e8 }, { variant: 'lite' })).toThrow(/scale 0.*3\.85 times/);
  });

  test('more than the largest network needs gives the largest', () => {
    expect(scaleToBudget({ flops: 1e15 })).toMatchObject({ scale: MAX_SCALE });
  });

  test('says by how much the smallest network does not fit', () => {
    expect(() => scaleToBudget({ parameters: 1_000_000, flops: 1e12 })).toThrow(
      `(scale -4) fits: it needs parameters ${smallest.parameters}, 2.06 times the budget of 1000000.`,
    );
    expect(scaleToBudget(smallest).uses).toEqual(smallest);
  });

  test('refuses what is not a budget', () => {
    expect(() => scaleToBudget({})).toThrow(/No budget/);
    expect(() => scaleToBudget({ flops: undefined })).toThrow(/No budget/);
    expect(() => scaleToBudget({ flops: 0 })).toThrow(/flops is 0/);
    expect(() => scaleToBudget({ parameters: NaN })).toThrow(/parameters is NaN/);
    expect(() => scaleToBudget({ latency: 3 } as Budget)).toThrow(/no budget of latency/);
  });
});

test.each([undefined, null, 5e6])('the budget %p is refused in words', (budget) => {
  expect(() => scaleToBudget(budget as never)).toThrow(
    `The budget is ${budget}; give an object, such as { parameters: 5e6 }.`,
  );
});
