import { compoundScale, searchCoefficients, stepCost, type CompoundBase } from '../../src/scaling/index.js';

/** A score whose only best point is `target`. */
const closeTo = (target: CompoundBase) => (base: CompoundBase) =>
  -((base.alpha - target.alpha) ** 2 + (base.beta - target.beta) ** 2 + (base.gamma - target.gamma) ** 2);

const paper = { alpha: 1.2, beta: 1.1, gamma: 1.15 };

describe('searchCoefficients', () => {
  test("finds the paper's alpha, beta and gamma where they are the best", async () => {
    const candidates = await searchCoefficients(closeTo(paper));
    expect(candidates[0]).toMatchObject(paper);
    const scores = candidates.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
  });

  test('evaluates each point of the constrained grid once, and all can be used', async () => {
    const seen: string[] = [];
    const candidates = await searchCoefficients((base) => seen.push(JSON.stringify(base)));
    const values = Array.from({ length: 9 }, (_, i) => 1 + i / 20);
    const expected = values.flatMap((alpha) =>
      values.flatMap((beta) =>
        values.filter((gamma) => Math.abs(stepCost({ alpha, beta, gamma }) - 2) <= 0.1),
      ),
    );
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toHaveLength(expected.length);
    for (const { alpha, beta, gamma } of candidates) {
      expect(Math.min(alpha, beta, gamma)).toBeGreaterThanOrEqual(1);
      expect(stepCost({ alpha, beta, gamma })).toBeGreaterThanOrEqual(1.9);
      expect(stepCost({ alpha, beta, gamma })).toBeLessThanOrEqual(2.1);
      expect(() => compoundScale(1, { alpha, beta, gamma })).not.toThrow();
    }
  });

  test('waits for one evaluation before the next, and tells how far it is', async () => {
    let running = 0;
    const progress: [number, number][] = [];
    const candidates = await searchCoefficients(
      async () => {
        expect(++running).toBe(1);
        await Promise.resolve();
        running--;
        return 0;
      },
      { step: 0.1, onProgress: (done, total) => progress.push([done, total]) },
    );
    const total = candidates.length;
    expect(progress).toEqual(candidates.map((_, i) => [i + 1, total]));
  });

  test('refuses an impossible grid or score', async () => {
    await expect(searchCoefficients(() => 0, { limit: 1.1 })).rejects.toThrow(/No point of the grid to 1\.1/);
    await expect(searchCoefficients(() => 0, { step: 0 })).rejects.toThrow(/step is 0/);
    await expect(searchCoefficients(() => 0, { limit: 0.9 })).rejects.toThrow(/limit is 0\.9/);
    await expect(searchCoefficients(() => 0, { tolerance: 0.5 })).rejects.toThrow(/at most 0\.1/);
    await expect(searchCoefficients(() => NaN)).rejects.toThrow(/evaluate gave NaN/);
    await expect(searchCoefficients(() => undefined as unknown as number)).rejects.toThrow(/gave undefined/);
    await expect(searchCoefficients(() => Promise.reject(new Error('diverged')))).rejects.toThrow('diverged');
  });
});
