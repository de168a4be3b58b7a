import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { runKernel } from '../../../../src/core/kernels.js';
import { expectAsCpu, floats, runOn, uniform, type Input, type Operation } from '../../compare.js';

const sizes = fc.record({
  shape: fc.tuple(
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 9 }),
    fc.integer({ min: 2, max: 9 }),
    fc.integer({ min: 1, max: 40 }),
  ),
  seed: fc.nat(),
});

/** Values about `middle`, a standard deviation of about `width`. */
function about(input: Input, middle: number, width: number): Input {
  return { ...input, values: input.values.map((v) => middle + width * v) };
}

const positive = (input: Input) => about(input, 1.5, 1);

describe('FusedBatchNorm', () => {
  // (x - mean) * scale / deviation + offset: relative to the sum of its terms.
  const magnitude = async ([x, mean, variance, offset, scale]: readonly Input[]) => {
    const channels = mean!.values.length;
    return [
      Array.from(x!.values, (v, i) => {
        const c = i % channels;
        const factor = Math.abs(scale?.values[c] ?? 1) / Math.sqrt(variance!.values[c]! + 1e-3);
        return (Math.abs(v) + Math.abs(mean!.values[c]!)) * factor + Math.abs(offset?.values[c] ?? 0);
      }),
    ];
  };

  test('of any channels', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, async ({ shape, seed }) => {
        const [mean, variance, offset, scale] = [1, 2, 3, 4].map((i) => uniform([shape[3]], seed + i));
        const inputs = [uniform(shape, seed), mean!, positive(variance!), offset!, scale!];
        const operation: Operation = (x, mean, variance, offset, scale) =>
          tf.batchNorm(x, mean, variance, offset, scale, 1e-3);
        await expectAsCpu(inputs, operation, { roundings: 6, magnitude });
      }),
      { seed: 1, numRuns: 50 },
    );
  });

  test('without offset, without scale, and of two axes', async () => {
    const inputs = [uniform([50, 7], 1), uniform([7], 2), positive(uniform([7], 3)), uniform([7], 4)];
    const [x, mean, variance, other] = inputs as [Input, Input, Input, Input];
    const zeros = floats(Array(7).fill(0));
    await expectAsCpu([x, mean, variance], (x, mean, variance) => tf.batchNorm(x, mean, variance), {
      roundings: 6,
      magnitude: () => magnitude([x, mean, variance]),
    });
    await expectAsCpu(
      [x, mean, variance, other],
      (x, mean, variance, scale) => tf.batchNorm(x, mean, variance, undefined, scale, 1e-3),
      { roundings: 6, magnitude: () => magnitude([x, mean, variance, zeros, other]) },
    );
  });

  test('statistics of more than one axis fall through to cpu', async () => {
    const inputs = [uniform([2, 3, 5], 1), uniform([2, 3, 5], 2), positive(uniform([2, 3, 5], 3))];
    await expectAsCpu(inputs, (x, mean, variance) => tf.batchNorm(x, mean, variance));
  });

  test('of no values', async () => {
    const inputs = [floats([], [0, 3, 3, 2]), uniform([2], 1), positive(uniform([2], 2))];
    await expectAsCpu(inputs, (x, mean, variance) => tf.batchNorm(x, mean, variance));
    const none = floats([], [0]);
    await expectAsCpu([floats([], [2, 3, 3, 0]), none, none], (x, mean, variance) =>
      tf.batchNorm(x, mean, variance),
    );
  });

  test('not-a-number, infinity and a variance below zero', async () => {
    const x = uniform([4, 3], 1);
    [x.values[1], x.values[5], x.values[6]] = [NaN, Infinity, -Infinity];
    const inputs = [x, uniform([3], 2), floats([1, 2, -5])];
    await expectAsCpu(inputs, (x, mean, variance) => tf.batchNorm(x, mean, variance), {
      roundings: 6,
      magnitude: async () => [Array(12).fill(2)],
    });
  });
});

describe('BatchNormTraining and BatchNormTrainingGrad', () => {
  /** What follows the normalisation: a clamp, or swish. */
  type Then = readonly [low: number, high: number] | 'swish';

  const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));

  const activate = (v: number, then: Then) =>
    then === 'swish' ? v * sigmoid(v) : Math.min(Math.max(v, then[0]), then[1]);

  function slope(v: number, then: Then): number {
    if (then === 'swish') return sigmoid(v) * (1 + v * (1 - sigmoid(v)));
    return v > then[0] && v < then[1] ? 1 : 0;
  }

  /** In double precision, the textbook way. */
  function reference(x: Input, scale: Input, offset: Input, dy: Input, then: Then, shortcut?: Input) {
    const channels = scale.values.length;
    const rows = x.values.length / channels;
    const [y, dx] = [new Float64Array(x.values.length), new Float64Array(x.values.length)];
    const dShortcut = new Float64Array(x.values.length);
    const perChannel = () => new Float64Array(channels);
    const [mean, variance, inverse, dScale, dOffset] = Array.from(
      { length: 5 },
      perChannel,
    ) as Float64Array[];
    for (let c = 0; c < channels; c++) {
      const column = (from: ArrayLike<number>) =>
        Array.from({ length: rows }, (_, i) => from[i * channels + c]!);
      const total = (values: number[]) => values.reduce((a, b) => a + b, 0);
      const xs = column(x.values);
      mean![c] = total(xs) / rows;
      variance![c] = total(xs.map((v) => (v - mean![c]!) ** 2)) / rows;
      inverse![c] = 1 / Math.sqrt(variance![c]! + 1e-3);
      const normal = xs.map((v) => (v - mean![c]!) * inverse![c]!);
      const added = shortcut ? column(shortcut.values) : xs.map(() => 0);
      const ys = normal.map((v, i) => v * scale.values[c]! + offset.values[c]! + added[i]!);
      const dys = column(dy.values).map((v, i) => v * slope(ys[i]!, then));
      dOffset![c] = total(dys);
      dScale![c] = total(dys.map((v, i) => v * normal[i]!));
      ys.forEach((v, i) => {
        y[i * channels + c] = activate(v, then);
        dShortcut[i * channels + c] = dys[i]!;
        const centred = dys[i]! - (dOffset![c]! + normal[i]! * dScale![c]!) / rows;
        dx[i * channels + c] = centred * scale.values[c]! * inverse![c]!;
      });
    }
    return { y, mean, variance, inverse, dx, dScale, dOffset, dShortcut } as Record<string, Float64Array>;
  }

  const operation =
    (then: Then): Operation =>
    (x, scale, offset, dy, shortcut?: tf.Tensor) => {
      const swish = Number(then === 'swish');
      const [low, high] = then === 'swish' ? [-Infinity, Infinity] : then;
      const added = shortcut && { shortcut };
      const attrs = { epsilon: 1e-3, low, high, swish };
      const forward = runKernel('BatchNormTraining', { x, scale, offset, ...added }, attrs);
      const [y, mean, , inverseDeviation] = forward as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const clamped = low > -Infinity || high < Infinity;
      const inputs = { x, dy, scale, offset, mean, inverseDeviation, ...(clamped && { y }) };
      const more = { low, high, swish, shortcut: Number(shortcut !== undefined) };
      return [...forward, ...runKernel('BatchNormTrainingGrad', inputs, more)];
    };

  async function check(shape: number[], seed: number, then: Then, { shift = 0, withShortcut = false } = {}) {
    const channels = shape.at(-1)!;
    const x = about(uniform(shape, seed), shift, 1);
    const [scale, offset] = [uniform([channels], seed + 1), uniform([channels], seed + 2)];
    const dy = uniform(shape, seed + 3);
    const shortcut = withShortcut ? uniform(shape, seed + 4) : undefined;
    const inputs = [x, scale, offset, dy, ...(shortcut ? [shortcut] : [])];
    const outputs = await runOn('simd', inputs, operation(then));
    const expected = reference(x, scale, offset, dy, then, shortcut);
    const rows = x.values.length / channels;
    const names = ['y', 'mean', 'variance', 'inverse', 'dx', 'dScale', 'dOffset'];
    if (withShortcut) names.push('dShortcut');
    const steep = 1 / Math.sqrt(1e-3);
    // What an error of one rounding may come to: the shift is subtracted, rows are summed, 1 / deviation multiplies.
    const scales = { y: steep, dx: steep, dScale: rows * steep, dOffset: rows, inverse: steep } as Record<
      string,
      number
    >;
    names.forEach((name, i) => {
      const allowed = 32 * 2 ** -24 * (scales[name] ?? 1) * (1 + Math.abs(shift) * (name === 'mean' ? 1 : 4));
      const distances = Array.from(outputs[i]!.values, (v, j) => {
        // Where the output is at the clamp but for rounding, the gradient may count or not.
        return Math.abs(v - expected[name]![j]!);
      });
      expect([name, distances.findIndex((distance) => !(distance <= allowed))]).toEqual([name, -1]);
    });
  }

  test.each([
    [-Infinity, Infinity],
    [0, Infinity],
    [-0.25, 0.5],
  ])('clamped to [%f, %f], against double precision', async (low, high) => {
    await fc.assert(
      fc.asyncProperty(sizes, ({ shape, seed }) => check(shape, seed, [low, high])),
      { seed: 1, numRuns: 50 },
    );
  });

  test('with swish behind it, against double precision', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, ({ shape, seed }) => check(shape, seed, 'swish')),
      { seed: 1, numRuns: 50 },
    );
  });

  test('with a shortcut and ReLU, against double precision', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, ({ shape, seed }) => check(shape, seed, [0, Infinity], { withShortcut: true })),
      { seed: 1, numRuns: 50 },
    );
  });

  test('of many rows, in slices', async () => {
    await check([4, 100, 100, 5], 1, [-Infinity, Infinity]);
    await check([1, 37, 41, 130], 2, [-Infinity, Infinity]);
    await check([1, 37, 41, 130], 2, 'swish');
  });

  test.each([0, 1])('running statistics are rounded as operations of tfjs, unbiased %d', async (unbiased) => {
    await tf.setBackend('simd');
    tf.tidy(() => {
      const [x, scale, runningMean, runningVariance] = [[3, 4, 5, 33], [33], [33], [33]].map((shape, i) => {
        const input = uniform(shape, i);
        return tf.tensor(input.values, shape);
      }) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const inputs = { x, scale, offset: scale, runningMean, runningVariance };
      const attrs = { epsilon: 1e-3, low: 0, high: 6, momentum: 0.97, unbiased };
      const outputs = runKernel('BatchNormTraining', inputs, attrs);
      const [, mean, variance, , nextMean, nextVariance] = outputs;
      const moved = (running: tf.Tensor, batch: tf.Tensor) =>
        tf.add(tf.mul(running, 0.97), tf.mul(batch, 1 - 0.97));
      expect(nextMean!.dataSync()).toEqual(moved(runningMean, mean!).dataSync());
      const corrected = unbiased ? tf.mul(variance!, 60 / 59) : variance!;
      expect(nextVariance!.dataSync()).toEqual(moved(runningVariance, corrected).dataSync());
    });
  });

  test('a mean far above the deviation costs no accuracy of the variance', async () => {
    const x = about(uniform([2, 30, 30, 3], 1), 1000, 1);
    const [scale, offset] = [floats([1, 1, 1]), floats([0, 0, 0])];
    const outputs = await runOn(
      'simd',
      [x, scale, offset, uniform(x.shape, 2)],
      operation([-Infinity, Infinity]),
    );
    const expected = reference(x, scale, offset, uniform(x.shape, 2), [-Infinity, Infinity]);
    const variance = outputs[2]!.values;
    for (let c = 0; c < 3; c++)
      expect(Math.abs(variance[c]! / expected['variance']![c]! - 1)).toBeLessThan(1e-6);
  });
});
