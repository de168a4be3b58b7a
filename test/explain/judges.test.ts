import * as tf from '@tensorflow/tfjs-core';
import { gradCam } from '../../src/explain/cams.js';
import type { Explanation } from '../../src/explain/explanation.js';
import { faithfulness } from '../../src/explain/faithfulness.js';
import { localization } from '../../src/explain/localization.js';
import { rankCorrelation } from '../../src/explain/rank-correlation.js';
import { sanityCheck } from '../../src/explain/sanity-check.js';
import { explainedImages, explainedNet, SIDE } from '../helpers/explained-net.js';
import { readGolden, ruleValues } from '../helpers/golden.js';

interface Golden {
  readonly deletion: number[][];
  readonly 'deletion probability': number[][];
  readonly hits: boolean[];
  readonly shares: number[];
}

const golden = readGolden<Golden>('explain_judges.json');
const net = explainedNet();
const x = explainedImages(2);
const pixels = SIDE * SIDE;

/** Explanations with the maps of test/golden/explain_judges.py. */
async function ruleExplanations(): Promise<Explanation[]> {
  const values = ruleValues('maps', 2 * pixels);
  const made = await gradCam(net, x, { target: [1, 3] });
  return made.map((each, i) => ({
    ...each,
    map: Float32Array.from(values.slice(i * pixels, (i + 1) * pixels)),
  }));
}

test("deletion is quantus' pixel flipping, and insertion is the same from the other end", async () => {
  const explanations = await ruleExplanations();
  const before = tf.memory().numTensors;
  const options = { steps: 16, output: 'logit' } as const;
  const found = await faithfulness(net, x, explanations, options);
  const likely = await faithfulness(net, x, explanations, { steps: 16 });
  for (const [i, { deletion, insertion }] of found.entries()) {
    expect(deletion.scores[0]).toBeCloseTo(explanations[i]!.score, 4);
    for (const [step, score] of golden.deletion[i]!.entries()) {
      expect(deletion.scores[step + 1]).toBeCloseTo(score, 4);
      expect(likely[i]!.deletion.scores[step + 1]).toBeCloseTo(golden['deletion probability'][i]![step]!, 4);
    }
    expect(insertion.scores[0]).toBeCloseTo(deletion.scores[16]!, 5);
    expect(insertion.scores[16]).toBeCloseTo(deletion.scores[0]!, 5);
    expect(Array.from(insertion.parts)).toEqual(Array.from({ length: 17 }, (_, step) => step / 16));
    const means = deletion.scores.reduce(
      (sum, score, step) => sum + (step % 16 === 0 ? score / 2 : score),
      0,
    );
    expect(deletion.area).toBeCloseTo(means / 16, 6);
  }
  expect(tf.memory().numTensors).toBe(before);
});

test("localization is quantus'", async () => {
  for (const [i, explanation] of (await ruleExplanations()).entries()) {
    const { hit, share } = localization(explanation, { top: 2, left: 3, height: 10, width: 7 });
    expect(hit).toBe(golden.hits[i]);
    expect(share).toBeCloseTo(golden.shares[i]!, 5);
    const zero = { ...explanation, map: new Float32Array(pixels) };
    expect(localization(zero, { top: 0, left: 0, height: 1, width: 1 })).toEqual({ hit: true, share: 0 });
  }
});

test('a random network explains otherwise, and has its weights again', async () => {
  const before = tf.memory().numTensors;
  const values = () => Promise.all(net.variables().map((variable) => variable.data()));
  const weights = await values();
  const steps = await sanityCheck(net, x, { method: 'inputXGradient', steps: 3 });
  expect(steps.map(({ layer }) => layer)).toEqual([
    'blocks.1.conv2.norm',
    'blocks.0.conv2.conv',
    'stem.conv',
  ]);
  expect(steps.every(({ similarity }) => Math.abs(similarity) < 0.9)).toBe(true);
  expect(Math.abs(steps[2]!.similarity)).toBeLessThan(0.3);
  expect(await values()).toEqual(weights);
  const controller = new AbortController();
  let passes = 0;
  const onProgress = () => ++passes > 2 && controller.abort(new Error('enough'));
  const options = { method: 'inputXGradient', onProgress, signal: controller.signal, batchSize: 1 } as const;
  await expect(sanityCheck(net, x, options)).rejects.toThrow('enough');
  expect(await values()).toEqual(weights);
  expect(tf.memory().numTensors).toBe(before);
});

test('rank correlation', () => {
  expect(rankCorrelation([1, 2, 3, 4], [10, 20, 25, 90])).toBe(1);
  expect(rankCorrelation([1, 2, 3], [3, 2, 1])).toBe(-1);
  // scipy.stats.spearmanr([1, 2, 2, 4, 0], [3, 1, 4, 4, 2])
  expect(rankCorrelation([1, 2, 2, 4, 0], [3, 1, 4, 4, 2])).toBeCloseTo(0.5, 10);
  expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBe(0);
});

test('what does not fit', async () => {
  const [first, second] = (await ruleExplanations()) as [Explanation, Explanation];
  await expect(faithfulness(net, x, [first])).rejects.toThrow(/1 targets for 2 images/);
  await expect(faithfulness(net, x, [first, second], { steps: 0 })).rejects.toThrow(/steps is 0/);
  await expect(faithfulness(net, x, [{} as Explanation])).rejects.toThrow(/explanations are none/);
  const small = { ...second, map: new Float32Array(4) };
  await expect(faithfulness(net, x, [first, small])).rejects.toThrow(/another size/);
  expect(() => localization(first, { top: 10, left: 0, height: 7, width: 1 })).toThrow(/ends at 17, 1/);
  await expect(sanityCheck(net, x, { steps: 0 })).rejects.toThrow(/steps is 0/);
  await expect(sanityCheck(net, x, { method: 'saliency' as never })).rejects.toThrow(/method is 'saliency'/);
});
