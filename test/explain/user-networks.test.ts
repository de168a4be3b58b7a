import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../../src/core/context.js';
import { Module } from '../../src/core/module.js';
import * as explain from '../../src/explain/index.js';
import type { Explanation } from '../../src/explain/index.js';
import { ReLU } from '../../src/layers/activations.js';
import { BatchNorm } from '../../src/layers/batch-norm.js';
import { Conv2D } from '../../src/layers/conv2d.js';
import { Dense } from '../../src/layers/dense.js';
import { DepthwiseConv2D } from '../../src/layers/depthwise-conv2d.js';
import { Dropout } from '../../src/layers/dropout.js';
import { GlobalAvgPool } from '../../src/layers/pooling.js';
import { Sequential } from '../../src/layers/sequential.js';
import { fillFast } from '../helpers/torch-model.js';

/** A batch norm that is not folded, since its class could do more. */
class OtherNorm extends BatchNorm {}

type Norm = typeof BatchNorm | undefined;

/** A network of a user's class. */
class Chain extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly body: Sequential;
  readonly dropout = new Dropout(0.5);
  readonly pool = new GlobalAvgPool();
  readonly head: Dense;

  constructor(inChannels: number, classes: number, Norm: Norm) {
    super();
    const norm = () => (Norm ? [new Norm({ channels: 6 })] : []);
    this.body = new Sequential(
      new Conv2D({ inChannels, filters: 6, kernelSize: 3, stride: 2, bias: true }),
      ...norm(),
      new ReLU(),
      new DepthwiseConv2D({ channels: 6, kernelSize: 3, padding: 'same' }),
      ...norm(),
      new ReLU(),
    );
    this.head = new Dense({ inFeatures: 6, units: classes });
    fillFast(this);
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor2D {
    return tf.tidy(() => {
      const maps = this.body.forward(x, context) as tf.Tensor4D;
      return this.head.forward(this.dropout.forward(this.pool.forward(maps), context) as tf.Tensor2D);
    });
  }
}

const image = (height: number, width: number, channels: number) => {
  const values = Float32Array.from({ length: height * width * channels }, (_, i) => Math.sin(i * i));
  return tf.tensor4d(values, [1, height, width, channels]);
};

const few = { samples: 10, steps: 6, superpixels: 6 } as const;
const taken = (method: string) => ({
  ...(['smoothGrad', 'gradientShap', 'lime', 'kernelShap', 'rise'].includes(method) && {
    samples: few.samples,
  }),
  ...(method === 'integratedGradients' && { steps: few.steps }),
  ...(['lime', 'kernelShap'].includes(method) && { superpixels: few.superpixels }),
});

describe.each(['cpu', 'simd'])('on %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));

  describe.each([
    ['a grayscale network of one class without batch norm', 1, 1, undefined, [12, 19]],
    ['a network with batch norms of five channels in a wide image', 5, 3, BatchNorm, [9, 30]],
  ] as const)('%s', (_, channels, classes, Norm, [height, width]) => {
    const net = new Chain(channels, classes, Norm);

    test.each(explain.explanationMethods)('%s', async (method) => {
      const x = image(height, width, channels);
      const before = tf.memory().numTensors;
      const options = { method, target: classes - 1, ...taken(method) } as explain.ExplainMethodOptions;
      const [found] = (await explain.explain(net, x, options)) as [Explanation];
      expect(found.map).toHaveLength(height * width);
      expect(found.map.every(Number.isFinite)).toBe(true);
      // The probability of the only class is always one.
      if (classes > 1 || method !== 'lime') expect(found.map.some((value) => value !== 0)).toBe(true);
      const stop = new AbortController();
      const onProgress = () => stop.abort(new Error('enough'));
      const aborted = explain.explain(net, x, {
        ...options,
        onProgress,
        signal: stop.signal,
      } as typeof options);
      await expect(aborted).rejects.toThrow('enough');
      expect(tf.memory().numTensors).toBe(before);
      x.dispose();
    });
  });

  test('folding changes nothing', async () => {
    const x = image(9, 30, 5);
    const [folded, other] = [new Chain(5, 3, BatchNorm), new Chain(5, 3, OtherNorm)];
    for (const method of ['integratedGradients', 'kernelShap', 'occlusion'] as const) {
      const options = { method, target: 1, ...taken(method) } as explain.ExplainMethodOptions;
      const [[found], [expected]] = [
        await explain.explain(folded, x, options),
        await explain.explain(other, x, options),
      ];
      const most = Math.max(...expected!.map.map(Math.abs));
      expect(most).toBeGreaterThan(0);
      expect(Math.max(...expected!.map.map((v, i) => Math.abs(v - found!.map[i]!)))).toBeLessThan(
        1e-4 * most,
      );
    }
    x.dispose();
  });

  test('weights that change while an explanation is made count from then on', async () => {
    const x = image(9, 30, 5);
    const net = new Chain(5, 3, BatchNorm);
    const norm = net.body.layers[1] as BatchNorm;
    const before = tf.memory().numTensors;
    const onProgress = (done: number) => {
      if (done === 1) tf.tidy(() => norm.bias.assign(tf.add(norm.bias, 1)));
    };
    const changing = await explain.occlusion(net, x, { window: 3, target: 1, onProgress });
    const after = await explain.occlusion(net, x, { window: 3, target: 1 });
    // The image itself was scored before.
    const change = after[0]!.score - changing[0]!.score;
    expect(Math.abs(change)).toBeGreaterThan(1e-3);
    after[0]!.map.forEach((value, i) => expect(changing[0]!.map[i]! + change).toBeCloseTo(value, 4));
    expect(tf.memory().numTensors).toBe(before);
    x.dispose();
  });
});
