import * as tf from '@tensorflow/tfjs-core';
import * as explain from '../../src/explain/index.js';
import type { Explanation, ExplainOptions } from '../../src/explain/index.js';
import { Module } from '../../src/core/module.js';
import { fuse } from '../../src/blocks/fuse.js';
import { ReLU } from '../../src/layers/activations.js';
import { Conv2D } from '../../src/layers/conv2d.js';
import { Dense } from '../../src/layers/dense.js';
import { Flatten } from '../../src/layers/flatten.js';
import { Sequential } from '../../src/layers/sequential.js';
import { buildModel } from '../../src/models/build-model.js';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import { buildResNet } from '../../src/models/resnet.js';
import { fillFast } from '../helpers/torch-model.js';
import { explainedImages, explainedNet, type ExplainedNet, SIDE } from '../helpers/explained-net.js';

type Method = (net: ExplainedNet, x: tf.Tensor4D, options?: ExplainOptions) => Promise<Explanation[]>;

const few = { samples: 12 };
const methods: Record<string, Method> = {
  gradCam: explain.gradCam,
  gradCamPlusPlus: explain.gradCamPlusPlus,
  layerCam: explain.layerCam,
  scoreCam: explain.scoreCam,
  inputXGradient: explain.inputXGradient,
  guidedBackpropagation: explain.guidedBackpropagation,
  integratedGradients: (net, x, options) => explain.integratedGradients(net, x, { steps: 8, ...options }),
  smoothGrad: (net, x, options) => explain.smoothGrad(net, x, { ...few, ...options }),
  gradientShap: (net, x, options) => explain.gradientShap(net, x, { ...few, noise: 0.1, ...options }),
  occlusion: explain.occlusion,
  lime: (net, x, options) => explain.lime(net, x, { ...few, ...options }),
  kernelShap: (net, x, options) => explain.kernelShap(net, x, { ...few, ...options }),
  rise: (net, x, options) => explain.rise(net, x, { ...few, ...options }),
};
const names = Object.keys(methods);
const shared = explainedNet();

describe.each(names)('%s', (name) => {
  const method = methods[name]!;

  test('explains each image of a batch, repeats, and leaves no tensor', async () => {
    const net = shared;
    const x = explainedImages(3);
    const before = tf.memory().numTensors;
    const counts: number[][] = [];
    const onProgress = (done: number, total: number) => counts.push([done, total]);
    const found = await method(net, x, { target: ['bee', 3, 0], onProgress });
    expect(found.map(({ target, label }) => [target, label])).toEqual([[1, 'bee'], [3, 'dog'], [0, 'ant']]); // prettier-ignore
    for (const { method, map, sum, values, superpixels, height, width, score } of found) {
      expect([method, height, width, map.length]).toEqual([name, SIDE, SIDE, SIDE * SIDE]);
      expect(map.every(Number.isFinite) && Number.isFinite(score)).toBe(true);
      expect(new Set(map).size).toBeGreaterThan(5);
      const parts = Array.from(superpixels?.values ?? values ?? map);
      expect(sum).toBeCloseTo(
        parts.reduce((a, b) => a + b, 0),
        4,
      );
    }
    expect(counts.at(-1)![0]).toBe(counts.at(-1)![1]);
    expect(await method(net, x, { target: ['bee', 3, 0] })).toEqual(found);
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });

  test('takes the likeliest class, and any batch size', async () => {
    const net = shared;
    const x = explainedImages(2);
    const likeliest = Array.from(tf.tidy(() => tf.argMax(net.forward(x, { training: false }), 1).dataSync()));
    const [one, two] = [await method(net, x, { batchSize: 1 }), await method(net, x, { batchSize: 7 })];
    expect(one.map(({ target }) => target)).toEqual(likeliest);
    for (const [i, { map, score }] of one.entries()) {
      expect(score).toBeCloseTo(two[i]!.score, 5);
      const most = map.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      expect(Math.max(...map.map((v, p) => Math.abs(v - two[i]!.map[p]!)))).toBeLessThan(1e-4 * most);
    }
  });

  test('stops when it is aborted, and leaves no tensor', async () => {
    const net = shared;
    const x = explainedImages(3);
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const onProgress = () => controller.abort(new Error('enough'));
    const options = { batchSize: 1, onProgress, signal: controller.signal };
    await expect(method(net, x, options)).rejects.toThrow('enough');
    await expect(method(net, x, { signal: controller.signal })).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(before);
  });

  test('gives zeros of a constant image where no class depends on it, and no NaN', async () => {
    const net = explainedNet();
    tf.tidy(() => net.head.weight.assign(tf.zeros([16, 5])));
    const x = tf.fill([1, SIDE, SIDE, 3], 0.5) as tf.Tensor4D;
    const [{ map }] = (await method(net, x, { target: 2 })) as [Explanation];
    // The means of the masks, and of the channels.
    if (name === 'rise' || name === 'scoreCam') expect(new Set(map).size).toBeGreaterThan(1);
    else expect(Math.max(...map.map(Math.abs))).toBeLessThan(1e-6);
    expect(map.every(Number.isFinite)).toBe(true);
  });

  test.each([
    [{ target: 5 }, /target is 5; give an integer from 0 to 4, or a label/],
    [{ target: 'bea' }, /target is the string 'bea'.*such as 'bee'/],
    [{ target: [1, 2] }, /2 targets for 1 images/],
    [{ output: 'score' as 'logit' }, /output is 'score'/],
    [{ batchSize: 0 }, /batchSize is 0/],
    [{ targets: 1 } as ExplainOptions, /no option targets; did you mean target/],
  ])('refuses %o', async (options, message) => {
    const net = shared;
    const x = explainedImages(1);
    const before = tf.memory().numTensors;
    await expect(method(net, x, options)).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });
});

test('explain takes a method by its name, by default gradCam', async () => {
  const x = explainedImages(1);
  expect(Object.keys(methods)).toEqual(expect.arrayContaining([...explain.explanationMethods]));
  expect(explain.explanationMethods).toHaveLength(names.length);
  expect(await explain.explain(shared, x)).toEqual(await explain.gradCam(shared, x));
  const options = { samples: 5, target: 'cat' };
  expect(await explain.explain(shared, x, { method: 'lime', ...options })).toEqual(
    await explain.lime(shared, x, options),
  );
  await expect(explain.explain(shared, x, { method: 'cam' as never })).rejects.toThrow(/method is 'cam'/);
  await expect(explain.explain(shared, x, null as never)).rejects.toThrow(/options are null/);
  await expect(explain.explain(shared, x, { method: 'rise', layer: 'stem' } as never)).rejects.toThrow(
    /rise has no option layer/,
  );
});

describe('axioms', () => {
  const net = explainedNet();
  const x = explainedImages(1);

  test.each(['gauss-legendre', 'midpoint', 'trapezoid'] as const)(
    'integrated gradients are complete (%s)',
    async (rule) => {
      const [{ sum, expectedSum }] = (await explain.integratedGradients(net, x, {
        steps: 200,
        rule,
      })) as [Explanation];
      expect(Math.abs(expectedSum!)).toBeGreaterThan(0.1);
      expect(Math.abs(sum - expectedSum!)).toBeLessThan(0.02 * Math.abs(expectedSum!));
    },
  );

  test('gradientShap sums to the difference of the scores, about', async () => {
    const [{ sum, expectedSum }] = (await explain.gradientShap(net, x, { samples: 500 })) as [Explanation];
    expect(Math.abs(sum - expectedSum!)).toBeLessThan(0.1 * Math.abs(expectedSum!));
  });

  test('kernelShap is locally accurate, whatever the samples, and symmetric', async () => {
    for (const samples of [60, 1000]) {
      const [{ sum, expectedSum }] = (await explain.kernelShap(net, x, { samples })) as [Explanation];
      expect(sum).toBeCloseTo(expectedSum!, 6);
    }
    // The product of the means of three superpixels, of which two are alike.
    const game = new Game();
    const superpixels = Int32Array.from({ length: 12 }, (_, i) => i % 3);
    const image = tf.tensor4d(
      Float32Array.from(superpixels, (part) => [2, 2, 5][part]!),
      [1, 3, 4, 1],
    );
    const [{ superpixels: found }] = (await explain.kernelShap(game, image, {
      superpixels,
      target: 0,
    })) as [Explanation];
    // All three are needed for the product, so they share it: 20 / 3 each.
    for (const value of found!.values) expect(value).toBeCloseTo(20 / 3, 4);
  });
});

class Game extends Module<tf.Tensor4D, tf.Tensor2D> {
  override forward(x: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => tf.prod(tf.mean(tf.reshape(x, [-1, 4, 3]), 1), 1, true) as tf.Tensor2D);
  }
}

describe('layers', () => {
  const net = explainedNet();
  const x = explainedImages(1);

  test.each([
    ['blocks.2', /no layer 'blocks.2'; give a layer of a map, such as .*'blocks.1'/],
    ['', /no layer ''/],
    ['head', /head \(Dense\) gives \[1,5\], no map/],
    ['stem.norm', /'stem.norm' does not run as a layer here/],
  ])('refuses %p', async (layer, message) => {
    await expect(explain.gradCam(net, x, { layer })).rejects.toThrow(message);
    await expect(explain.scoreCam(net, x, { layer })).rejects.toThrow(message);
  });

  test('of a path of several, the last one counts', async () => {
    const [{ settings }] = (await explain.gradCam(net, x, { layer: 'blocks' })) as [Explanation];
    expect(settings.layer).toBe('blocks.1');
  });

  test('a fused network gives the same maps, but for layers that are fused', async () => {
    const [plain] = await explain.gradCam(net, x, { layer: 'blocks.0' });
    const fused = await fuse(explainedNet());
    const [found] = await explain.gradCam(fused, x, { layer: 'blocks.0' });
    const most = Math.max(...plain!.map);
    expect(Math.max(...plain!.map.map((v, i) => Math.abs(v - found!.map[i]!)))).toBeLessThan(
      1e-4 * most + 1e-7,
    );
    await expect(explain.gradCam(fused, x, { layer: 'stem.conv' })).rejects.toThrow(
      /does not run as a layer/,
    );
    const chain = new Sequential(
      new Conv2D({ inChannels: 3, filters: 2, kernelSize: 3, padding: 'same' }),
      new Flatten(),
      new Dense({ inFeatures: 2 * SIDE * SIDE, units: 2 }),
    );
    const [{ settings }] = (await explain.layerCam(chain, x)) as [Explanation];
    expect(settings.layer).toBe('layers.0');
  });

  test('a network without maps, and images too small for one', async () => {
    const flat = new Sequential(new Flatten(), new Dense({ inFeatures: SIDE * SIDE * 3, units: 2 }));
    await expect(explain.gradCam(flat, x)).rejects.toThrow(/no layer whose output is a map/);
    expect((await explain.inputXGradient(flat, x))[0]!.values).toHaveLength(x.size);
  });
});

describe.each(['cpu', 'simd'])('a fused network on %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));

  test.each([
    ['ResNet', () => explainedNet(), ['inputXGradient', 'guidedBackpropagation', 'gradCam']],
    ['EfficientNet', () => efficientNet(), ['inputXGradient', 'gradCam']],
    ['ResNeXt', () => groupedNet(), ['inputXGradient', 'guidedBackpropagation']],
  ] as const)('%s has the same explanations', async (_, build, few) => {
    const [plain, fused] = [build(), await fuse(build())];
    const x = explainedImages(1);
    const before = tf.memory().numTensors;
    for (const method of few) {
      const [expected] = await explain[method](plain, x, { target: 1 });
      const [found] = await explain[method](fused, x, { target: 1 });
      const most = expected!.map.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
      expect(most).toBeGreaterThan(0);
      expect(Math.max(...expected!.map.map((v, i) => Math.abs(v - found!.map[i]!)))).toBeLessThan(
        1e-3 * most,
      );
    }
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose([x]);
    plain.dispose();
    fused.dispose();
  });
});

function efficientNet() {
  const net = buildModel('efficientnet-b0', { classes: 3, width: 0.25, depth: 0.4 });
  fillFast(net);
  return net;
}

function groupedNet() {
  const conv = (inChannels: number) =>
    new Conv2D({
      inChannels,
      filters: 8,
      kernelSize: 3,
      padding: 'same',
      groups: inChannels === 8 ? 2 : 1,
      bias: true,
    });
  const net = new Sequential(
    conv(3),
    new ReLU(),
    conv(8),
    new ReLU(),
    new Flatten(),
    new Dense({ inFeatures: 8 * SIDE * SIDE, units: 2 }),
  );
  fillFast(net);
  return net;
}

describe('what does not fit', () => {
  const x = explainedImages(1);

  test('a network that gives no class scores, or takes other images', async () => {
    const conv = new Conv2D({ inChannels: 3, filters: 2, kernelSize: 3 });
    await expect(explain.occlusion(conv, x)).rejects.toThrow(/explains class scores.*gives \[1,14,14,2\]/);
    const wide = tf.zeros([1, SIDE, SIDE, 4]) as tf.Tensor4D;
    await expect(explain.gradCam(explainedNet(), wide)).rejects.toThrow();
    await expect(explain.gradCam(explainedNet(), tf.zeros([SIDE, SIDE, 3]) as never)).rejects.toThrow(
      /shape \[16,16,3\].*\[N, height, width, channels\]/,
    );
    await expect(explain.gradCam(explainedNet(), 'cat.jpg')).rejects.toThrow(/has no preprocessing/);
  });

  test('a baseline of another shape, or window, or superpixels', async () => {
    const net = explainedNet();
    const small = tf.zeros([1, 8, 8, 3]) as tf.Tensor4D;
    await expect(explain.integratedGradients(net, x, { baseline: small })).rejects.toThrow(
      /baseline has the shape \[1,8,8,3\]; give \[1, 16, 16, 3\]/,
    );
    await expect(explain.occlusion(net, x, { baseline: NaN })).rejects.toThrow(/baseline is NaN/);
    await expect(explain.occlusion(net, x, { window: 17 })).rejects.toThrow(/window is 17/);
    await expect(explain.lime(net, x, { superpixels: new Int32Array(5) })).rejects.toThrow(/256 values/);
  });

  test('a step without a gradient, and scores that do not depend on the image', async () => {
    const net = new Rounded();
    const before = tf.memory().numTensors;
    await expect(explain.inputXGradient(net, x)).rejects.toThrow(/runs All, which has no gradient/);
    await expect(explain.smoothGrad(new Fixed(), x)).rejects.toThrow(/no steps that have gradients/);
    expect(tf.memory().numTensors).toBe(before);
    expect((await explain.occlusion(net, x, { window: 8 }))[0]!.map.every(Number.isFinite)).toBe(true);
  });

  test('guided backpropagation without ReLUs', async () => {
    const net = buildEfficientNet(0, { classes: 2, initialize: false });
    const image = tf.zeros([1, 32, 32, 3]) as tf.Tensor4D;
    await expect(explain.guidedBackpropagation(net, image)).rejects.toThrow(/EfficientNet has none/);
    net.dispose();
  });

  test('scores that are not finite', async () => {
    const net = explainedNet();
    tf.tidy(() => net.head.bias!.assign(tf.fill([5], NaN)));
    await expect(explain.rise(net, x, { samples: 3 })).rejects.toThrow(/not finite/);
  });
});

class Rounded extends Module<tf.Tensor4D, tf.Tensor2D> {
  override forward(x: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => {
      const bits = tf.cast(tf.all(tf.greater(x, -2), [1, 2]), 'float32');
      return tf.mul(bits, 2) as tf.Tensor2D;
    });
  }
}

class Fixed extends Module<tf.Tensor4D, tf.Tensor2D> {
  override forward(x: tf.Tensor4D): tf.Tensor2D {
    return tf.ones([x.shape[0], 2]);
  }
}

test('photos, by a model with preprocessing', async () => {
  const model = buildResNet(20, { classes: 3, preprocessing: { size: 16, resize: 16 } });
  const data = Uint8Array.from({ length: 20 * 20 * 3 }, (_, i) => (i * 7) % 256);
  const photo = { width: 20, height: 20, data };
  const before = tf.memory().numTensors;
  const [one] = await explain.gradCam(model, [photo, photo], { target: 2 });
  expect(one!.image).toMatchObject({ width: 16, height: 16 });
  expect(one!.settings.layer).toBe('stages.2.2');
  expect(
    (await explain.lime(model, photo, { samples: 10, superpixels: 4 }))[0]!.superpixels!.labels,
  ).toHaveLength(256);
  expect(tf.memory().numTensors).toBe(before);
  model.dispose();
});
