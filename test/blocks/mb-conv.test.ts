import * as tf from '@tensorflow/tfjs-core';
import { FusedMBConv, type FusedMBConvOptions } from '../../src/blocks/fused-mb-conv.js';
import { MBConv, type MBConvOptions } from '../../src/blocks/mb-conv.js';
import { evaluation, type Context } from '../../src/core/context.js';
import { Random } from '../../src/core/random.js';
import { ReLU6 } from '../../src/layers/index.js';
import { efficientNetConvention } from '../../src/models/conventions.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';

function build(options: Partial<MBConvOptions> = {}): MBConv {
  const common = { inChannels: 8, outChannels: 8, kernelSize: 3, expandRatio: 4, random: new Random(0) };
  return new MBConv({ ...common, convention: efficientNetConvention('torchvision', 1), ...options });
}

afterEach(() => expect(tf.memory().numTensors).toBe(0));

test.each<[string, Partial<MBConvOptions>, string[]]>([
  ['an expanded block', {}, ['expand', 'depthwise', 'squeezeExcite', 'project', 'stochasticDepth']],
  ['expand ratio 1', { expandRatio: 1 }, ['depthwise', 'squeezeExcite', 'project', 'stochasticDepth']],
  ['squeeze ratio 0', { squeezeRatio: 0 }, ['expand', 'depthwise', 'project', 'stochasticDepth']],
  ['stride 2', { stride: 2 }, ['expand', 'depthwise', 'squeezeExcite', 'project']],
  ['other channels', { outChannels: 4 }, ['expand', 'depthwise', 'squeezeExcite', 'project']],
])('%s has the parts it should', (_, options, expected) => {
  const block = build(options);
  const names = Array.from(block.namedModules(), ({ name }) => name);
  expect(names.filter((name) => name && !name.includes('.'))).toEqual(expected);
  block.dispose();
});

test('squeezes to a part of the input channels of the block, not of the expanded ones', () => {
  const [quarter, half, few] = [build(), build({ squeezeRatio: 0.5 }), build({ inChannels: 2 })];
  expect(quarter.squeezeExcite!.reduce.weight.shape).toEqual([1, 1, 32, 2]);
  expect(half.squeezeExcite!.reduce.weight.shape).toEqual([1, 1, 32, 4]);
  expect(few.squeezeExcite!.reduce.weight.shape).toEqual([1, 1, 8, 1]);
  for (const block of [quarter, half, few]) block.dispose();
});

test('the projection has no activation, the others the one asked for', () => {
  const block = build({ activation: 'relu6' });
  for (const { activation } of [block.expand!, block.depthwise, block.squeezeExcite!]) {
    expect(activation).toBeInstanceOf(ReLU6);
  }
  expect(block.project.activation).toBeUndefined();
  block.dispose();
});

test('stochastic depth leaves of a sample its input, or adds the branch divided by the rest', () => {
  const block = build({ expandRatio: 1, stochasticDepth: 0.75, kernelSize: 1 });
  const training = (): Context => ({ training: true, random: new Random(5) });
  const n = 40;
  const x = randomTensor<tf.Rank.R4>([n, 2, 2, 8], 1);
  const y = block.forward(x, training());
  const again = block.forward(x, training());
  expect(largestDifference(y, again)).toBe(0);

  const whole = build({ expandRatio: 1, kernelSize: 1 });
  const full = whole.forward(x, training());
  const [added, branch] = tf.tidy(() => [
    tf.reshape(tf.sub(y, x), [n, -1]).arraySync() as number[][],
    tf.reshape(tf.sub(full, x), [n, -1]).arraySync() as number[][],
  ]);
  let dropped = 0;
  added.forEach((sample, i) => {
    if (sample.every((v) => v === 0)) dropped += 1;
    else sample.forEach((v, k) => expect(v).toBeCloseTo(branch[i]![k]! / 0.25, 4));
  });
  // 30 of 40 are expected, give or take four standard deviations of 2.7.
  expect(Math.abs(dropped - 0.75 * n)).toBeLessThan(11);

  const [evaluated, expected] = [block.forward(x, evaluation), whole.forward(x, evaluation)];
  expect(evaluated.shape).toEqual(expected.shape);
  tf.dispose([x, y, again, full, evaluated, expected]);
  block.dispose();
  whole.dispose();
});

test.each<[Partial<MBConvOptions>, RegExp]>([
  [{ kernelSize: 0 }, /kernelSize is 0; give an integer of at least 1/],
  [{ inChannels: 0 }, /^MBConv: inChannels is 0; give an integer/],
  [{ outChannels: 1.5 }, /^MBConv: outChannels is 1.5; give an integer/],
  [{ expandRatio: 0.3 }, /^MBConv: expandRatio is 0.3, which makes 2.4 channels of 8; give a ratio/],
  [{ squeezeRatio: -1 }, /^MBConv: squeezeRatio is -1; give/],
  [{ stochasticDepth: 1 }, /^MBConv: stochasticDepth is 1; give/],
  [{ activation: 'gelu' as 'relu' }, /activation is 'gelu'; give one of 'relu'/],
])('refuses %p', (options, message) => {
  expect(() => build(options)).toThrow(message);
  tf.disposeVariables(); // Those made before the error.
});

test.each<[Partial<FusedMBConvOptions>, RegExp]>([
  [{ inChannels: NaN }, /^FusedMBConv: inChannels is NaN; give an integer/],
  [{ outChannels: 0 }, /^FusedMBConv: outChannels is 0; give an integer/],
  [{ expandRatio: 0 }, /^FusedMBConv: expandRatio is 0, which makes 0 channels of 8; give a ratio/],
  [{ stochasticDepth: -1 }, /^FusedMBConv: stochasticDepth is -1; give/],
])('a fused block refuses %p', (options, message) => {
  const usual = { inChannels: 8, outChannels: 8, kernelSize: 3, expandRatio: 4 };
  expect(() => new FusedMBConv({ ...usual, ...options })).toThrow(message);
  expect(tf.memory().numTensors).toBe(0);
});
