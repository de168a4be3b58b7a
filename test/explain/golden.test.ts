import * as tf from '@tensorflow/tfjs-core';
import { gradCam, gradCamPlusPlus, layerCam } from '../../src/explain/cams.js';
import type { Explanation } from '../../src/explain/explanation.js';
import { guidedBackpropagation, inputXGradient } from '../../src/explain/gradients.js';
import { integratedGradients } from '../../src/explain/integrated-gradients.js';
import { gradientShap, smoothGrad } from '../../src/explain/noise.js';
import { kernelShap } from '../../src/explain/kernel-shap.js';
import { lime } from '../../src/explain/lime.js';
import { occlusion } from '../../src/explain/occlusion.js';
import { rankCorrelation } from '../../src/explain/rank-correlation.js';
import { scoreCam } from '../../src/explain/score-cam.js';
import { explainedImages, explainedNet, SIDE, type ExplainedNet } from '../helpers/explained-net.js';
import { readGolden, relativeDistance, spread } from '../helpers/golden.js';

interface Golden {
  readonly targets: number[];
  readonly logits: number[];
  /** 256 values of each image. */
  readonly maps: Readonly<Record<string, number[][]>>;
  readonly superpixels: Readonly<Record<string, number[]>>;
}

const golden = readGolden<Golden>('explain.json');
const { targets: target } = golden;
let net: ExplainedNet, x: tf.Tensor4D;

async function useBackend(name: string): Promise<void> {
  await tf.setBackend(name);
  net = explainedNet();
  x = explainedImages(2);
}

function fromZeroToOne(map: ArrayLike<number>): number[] {
  const list = Array.from(map);
  const [least, most] = [Math.min(...list), Math.max(...list)];
  return list.map((value) => (value - least) / (most - least));
}

const exact: Record<string, () => Promise<Explanation[]>> = {
  gradCam: () => gradCam(net, x, { target }),
  'gradCam blocks.0.conv1': () => gradCam(net, x, { target, layer: 'blocks.0.conv1' }),
  inputXGradient: () => inputXGradient(net, x, { target }),
  'inputXGradient probability': () => inputXGradient(net, x, { target, output: 'probability' }),
  guidedBackpropagation: () => guidedBackpropagation(net, x, { target }),
  integratedGradients: () => integratedGradients(net, x, { target, baseline: 0.1, steps: 20 }),
  'integratedGradients midpoint': () =>
    integratedGradients(net, x, { target, steps: 20, rule: 'midpoint', batchSize: 3 }),
  occlusion: () => occlusion(net, x, { target, window: 5, stride: 3, baseline: 0.1 }),
};

/** grad-cam's, but for Grad-CAM++: the script says why. */
const cams = { gradCamPlusPlus, layerCam, scoreCam };

describe.each(['cpu', 'simd'])('on %s', (backend) => {
  beforeAll(() => useBackend(backend));

  test.each(Object.keys(exact))("%s is Captum's", async (name) => {
    for (const [image, { values, map, score }] of (await exact[name]!()).entries()) {
      // Captum covers all channels, and has a value for each.
      const found =
        name === 'occlusion' ? Array.from(map).flatMap((value) => [value, value, value]) : (values ?? map);
      expect(relativeDistance(spread(found, 256), golden.maps[name]![image]!)).toBeLessThan(1e-3);
      if (name.endsWith('probability')) continue;
      expect(score).toBeCloseTo(golden.logits[image * 5 + target[image]!]!, 4);
    }
  });

  test.each(Object.keys(cams))("%s is its reference's, from 0 to 1", async (name) => {
    const explanations = await cams[name as keyof typeof cams](net, x, { target });
    for (const [image, { map, settings }] of explanations.entries()) {
      expect(settings.layer).toBe('blocks.1');
      expect(relativeDistance(fromZeroToOne(map), fromZeroToOne(golden.maps[name]![image]!))).toBeLessThan(
        1e-3,
      );
    }
  });
});

const sampled: Record<string, () => Promise<Explanation[]>> = {
  smoothGrad: () => smoothGrad(net, x, { target, samples: 1000, batchSize: 50 }),
  gradientShap: () => gradientShap(net, x, { target, samples: 1000, batchSize: 50 }),
};

/** Squares of pixels, `side` in each direction. */
function squares(side: number): number[] {
  const cell = SIDE / side;
  const place = (i: number) => Math.floor(Math.floor(i / SIDE) / cell) * side + Math.floor((i % SIDE) / cell);
  return Array.from({ length: SIDE * SIDE }, (_, i) => place(i));
}

describe('on simd', () => {
  beforeAll(() => useBackend('simd'));

  test.each(Object.keys(sampled))("%s ranks as Captum's", async (name) => {
    for (const [image, { values }] of (await sampled[name]!()).entries()) {
      expect(values).toHaveLength(SIDE * SIDE * 3);
      expect(rankCorrelation(spread(values!, 256), golden.maps[name]![image]!)).toBeGreaterThan(0.99);
    }
  });

  describe('with superpixels of the first image', () => {
    const sixteen = Int32Array.from(squares(4));
    const eight = Int32Array.from(squares(2), (label, i) => 2 * label + (Math.floor((i % SIDE) / 4) % 2));
    const first = () => tf.tidy(() => tf.slice(x, 0, 1));

    test("lime ranks as the package lime's", async () => {
      const one = first();
      const [{ superpixels }] = (await lime(net, one, {
        target: 1,
        samples: 2000,
        superpixels: sixteen,
      })) as [Explanation];
      expect(rankCorrelation(superpixels!.values, golden.superpixels.lime!)).toBeGreaterThan(0.95);
      expect(relativeDistance(superpixels!.values, golden.superpixels.lime!)).toBeLessThan(0.3);
      one.dispose();
    });

    test("kernelShap is the package shap's, where it asks about all coalitions", async () => {
      const one = first();
      const [{ superpixels, sum, expectedSum }] = (await kernelShap(net, one, {
        target: 1,
        samples: 300,
        superpixels: eight,
      })) as [Explanation];
      expect(relativeDistance(superpixels!.values, golden.superpixels['kernelShap all']!)).toBeLessThan(1e-3);
      expect(sum).toBeCloseTo(expectedSum!, 6);
      one.dispose();
    });

    test("kernelShap ranks as shap's, where it asks about some", async () => {
      const one = first();
      const [{ superpixels }] = (await kernelShap(net, one, {
        target: 1,
        samples: 1000,
        superpixels: sixteen,
      })) as [Explanation];
      expect(rankCorrelation(superpixels!.values, golden.superpixels.kernelShap!)).toBeGreaterThan(0.95);
      one.dispose();
    });
  });
});
