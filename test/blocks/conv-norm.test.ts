import * as tf from '@tensorflow/tfjs-core';
import '../../src/backends/simd/index.js';
import { ConvNorm, type ConvNormOptions } from '../../src/blocks/conv-norm.js';
import { fuseUnits } from '../../src/blocks/fuse.js';
import { evaluation } from '../../src/core/context.js';
import { ArgumentError } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { heNormal } from '../../src/layers/index.js';
import type { BlockConvention } from '../../src/blocks/convention.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';
import { fillModule } from '../helpers/torch-model.js';

const convention: BlockConvention = {
  padding: 'symmetric',
  convolutionBias: false,
  batchNorm: { epsilon: 1e-3, momentum: 0.9, runningVariance: 'unbiased' },
  initializer: heNormal,
  depthwiseFanOut: 'layer',
};

function build(options: Partial<ConvNormOptions> = {}): ConvNorm {
  const common = { inChannels: 3, filters: 4, kernelSize: 3, convention, random: new Random(0) };
  return new ConvNorm({ ...common, ...options });
}

afterEach(() => expect(tf.memory().numTensors).toBe(0));

test('is a convolution, a batch norm and an activation, as the convention says', () => {
  const unit = build({
    stride: 2,
    activation: 'relu6',
    convention: { ...convention, convolutionBias: true },
  });
  expect(Array.from(unit.namedVariables(), ({ name }) => name)).toEqual([
    'conv.weight',
    'conv.bias',
    'norm.weight',
    'norm.bias',
    'norm.runningMean',
    'norm.runningVariance',
  ]);
  expect(unit.norm.epsilon).toBe(1e-3);
  expect(unit.norm.momentum).toBe(0.9);
  expect(unit.norm.unbiased).toBe(true);
  const x = randomTensor<tf.Rank.R4>([1, 5, 5, 3], 1);
  const y = unit.forward(x, evaluation);
  const expected = tf.tidy(() => tf.relu6(unit.norm.forward(unit.conv.forward(x), evaluation)));
  expect(largestDifference(y, expected)).toBe(0);
  tf.dispose([x, y, expected]);
  unit.dispose();
});

test('a wrong option leaves no tensor behind', () => {
  expect(() => build({ activation: 'gelu' as 'relu' })).toThrow(/activation is 'gelu'/);
  expect(() => build({ kernelSize: 0 })).toThrow(/kernelSize is 0/);
  expect(() => build({ filters: 0 })).toThrow(/filters is 0/);
});

test('seeds give its first values, and zeroWeight a batch norm of nothing', () => {
  const [unit, same] = [build({ zeroWeight: true }), build()];
  expect([...unit.norm.weight.dataSync()]).toEqual([0, 0, 0, 0]);
  expect([...same.norm.weight.dataSync()]).toEqual([1, 1, 1, 1]);
  expect(unit.conv.weight.dataSync()).toEqual(same.conv.weight.dataSync());
  unit.dispose();
  same.dispose();
});

describe.each([
  ['convolution', { filters: 4 }, 'cpu'],
  ['depthwise convolution', { filters: 'depthwise' }, 'cpu'],
  ['grouped convolution', { inChannels: 8, filters: 12, groups: 2 }, 'cpu'],
  ['convolution', { filters: 4 }, 'simd'],
  ['depthwise convolution', { filters: 'depthwise' }, 'simd'],
  ['grouped convolution', { inChannels: 8, filters: 12, groups: 2 }, 'simd'],
] as const)('a folded %s (%j, on %s)', (_, options: Partial<ConvNormOptions>, backend) => {
  const { inChannels = 3 } = options;
  beforeAll(() => tf.setBackend(backend));
  afterAll(() => tf.setBackend('cpu'));

  test.each([
    [undefined, false],
    ['relu', true],
    ['relu6', false],
    ['swish', false],
    ['sigmoid', true],
  ] as const)('gives the same in evaluation (activation %p, bias %p)', (activation, convolutionBias) => {
    const unit = build({ ...options, activation, stride: 2, convention: { ...convention, convolutionBias } });
    fillModule(unit, ({ name }) => name);
    const x = randomTensor<tf.Rank.R4>([2, 6, 6, inChannels], 1);
    const expected = unit.forward(x, evaluation);
    const names = Array.from(unit.namedVariables(), ({ name }) => name);
    fuseUnits(unit);
    expect(Array.from(unit.namedVariables(), ({ name }) => name)).toEqual(names);
    const held = tf.memory().numTensors;
    const y = unit.forward(x, evaluation);
    expect(tf.memory().numTensors).toBe(held + 1);
    expect(largestDifference(y, expected)).toBeLessThan(2e-6);
    fuseUnits(unit); // Once more changes nothing.
    expect(tf.memory().numTensors).toBe(held + 1);
    const again = unit.forward(x, evaluation);
    expect(largestDifference(again, y)).toBe(0);
    tf.dispose([x, y, again, expected]);
    unit.dispose();
  });

  test('reads nothing from the backend', async () => {
    await tf.ready();
    const read = jest.spyOn(tf.backend(), 'readSync');
    const unit = build(options);
    fuseUnits(unit);
    expect(read).not.toHaveBeenCalled();
    read.mockRestore();
    unit.dispose();
  });

  test('refuses to train', () => {
    const unit = build(options);
    fuseUnits(unit);
    const x = randomTensor<tf.Rank.R4>([2, 4, 4, inChannels], 1);
    expect(() => unit.forward(x, { training: true, random: new Random(0) })).toThrow(
      new ArgumentError(
        'A fused network cannot be trained: its batch norms are folded into its convolutions. Build it again; weights that ' +
          'you save of a fused network can be loaded there.',
      ),
    );
    x.dispose();
    unit.dispose();
  });
});

describe.each(['cpu', 'simd'])('forwardAdded on %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));
  afterAll(() => tf.setBackend('cpu'));

  test.each<[Partial<ConvNormOptions>, 'linear' | 'relu', boolean]>([
    [{}, 'linear', false],
    [{}, 'relu', false],
    [{}, 'linear', true],
    [{}, 'relu', true],
    [{ kernelSize: 1, activation: 'swish' }, 'relu', true],
    [{ filters: 'depthwise' }, 'relu', true],
    [{ inChannels: 8, filters: 12, groups: 2 }, 'linear', false],
    [{ inChannels: 8, filters: 12, groups: 2 }, 'linear', true],
    [{ inChannels: 8, filters: 12, groups: 2 }, 'relu', true],
  ])('of %j adds the shortcut, then %s (folded: %p)', (options, then, folded) => {
    const unit = build(options);
    fillModule(unit, ({ name }) => name);
    const { inChannels = 3, filters = 4 } = options;
    const x = randomTensor<tf.Rank.R4>([2, 5, 4, inChannels], 1);
    const shortcut = randomTensor<tf.Rank.R4>([2, 5, 4, filters === 'depthwise' ? 3 : filters], 2);
    const expected = tf.tidy(() => {
      const sum = tf.add(unit.forward(x, evaluation), shortcut);
      return then === 'relu' ? tf.relu(sum) : sum;
    });
    if (folded) fuseUnits(unit);
    const before = tf.memory().numTensors;
    const y = unit.forwardAdded(x, shortcut, then, evaluation);
    expect(tf.memory().numTensors).toBe(before + 1);
    expect(largestDifference(y, expected)).toBeLessThan(2e-6);
    tf.dispose([x, shortcut, y, expected]);
    unit.dispose();
  });
});
