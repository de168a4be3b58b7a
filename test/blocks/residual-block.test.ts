import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { PadShortcut, ResidualBlock, type ResidualBlockOptions } from '../../src/blocks/residual-block.js';
import { evaluation, type Context } from '../../src/core/context.js';
import { Random } from '../../src/core/random.js';
import { resNetConventions } from '../../src/models/conventions.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';

const training: Context = { training: true, random: new Random(0) };

function build(options: Partial<ResidualBlockOptions> = {}): ResidualBlock {
  const common = { kind: 'basic', inChannels: 4, channels: 4, random: new Random(0) } as const;
  return new ResidualBlock({ ...common, convention: resNetConventions.torchvision, ...options });
}

afterEach(() => expect(tf.memory().numTensors).toBe(0));

/** The modules that a block has, without what is inside of them. */
const parts = (block: ResidualBlock) =>
  Array.from(block.namedModules(), ({ name }) => name).filter((name) => name && !name.includes('.'));

test.each<[string, Partial<ResidualBlockOptions>, string[]]>([
  ['basic', {}, ['conv1', 'conv2']],
  ['basic of stride 2', { stride: 2 }, ['conv1', 'conv2', 'shortcut']],
  ['basic of other channels', { inChannels: 2, shortcut: 'pad' }, ['conv1', 'conv2', 'shortcut']],
  ['bottleneck', { kind: 'bottleneck', channels: 1 }, ['conv1', 'conv2', 'conv3']],
  ['wider bottleneck', { kind: 'bottleneck' }, ['conv1', 'conv2', 'conv3', 'shortcut']],
  ['plain', { stride: 2, shortcut: 'none' }, ['conv1', 'conv2']],
  ['plain bottleneck', { kind: 'bottleneck', shortcut: 'none' }, ['conv1', 'conv2', 'conv3']],
])('%s has a module for the shortcut only where the shape changes', (_, options, expected) => {
  const block = build(options);
  expect(parts(block)).toEqual(expected);
  block.dispose();
});

test('the padded shortcut has no variables', () => {
  const [padded, projected] = [build({ stride: 2, shortcut: 'pad' }), build({ stride: 2 })];
  expect(padded.shortcut!.variables()).toHaveLength(0);
  expect(projected.shortcut!.variables()).toHaveLength(5);
  padded.dispose();
  projected.dispose();
});

test.each([
  ['3x3', [1, 2, 1]],
  ['1x1', [2, 1, 1]],
] as const)('strideIn %p places the stride of a bottleneck', (strideIn, strides) => {
  const block = build({ kind: 'bottleneck', stride: 2, strideIn });
  expect([block.conv1, block.conv2, block.conv3!].map(({ conv }) => conv.stride)).toEqual(strides);
  block.dispose();
});

test.each(['basic', 'bottleneck'] as const)('with zeroLast a %s block starts as relu(x)', (kind) => {
  const channels = kind === 'basic' ? 4 : 1;
  const block = build({ kind, channels, zeroLast: true });
  const x = randomTensor<tf.Rank.R4>([2, 3, 3, 4], 1);
  for (const context of [training, evaluation]) {
    const [y, expected] = [block.forward(x, context), tf.relu(x)];
    expect(largestDifference(y, expected)).toBe(0);
    tf.dispose([y, expected]);
  }
  x.dispose();
  block.dispose();
});

test('a block gives ceil(size / stride) pixels and never a negative value', () => {
  const size = fc.integer({ min: 1, max: 6 });
  fc.assert(
    fc.property(
      fc.constantFrom('basic', 'bottleneck'),
      fc.constantFrom('projection', 'pad', 'none'),
      fc.constantFrom('3x3', '1x1'),
      fc.integer({ min: 1, max: 3 }),
      size,
      size,
      (kind, shortcut, strideIn, stride, height, width) => {
        const block = build({ kind, shortcut, strideIn, stride, inChannels: 3 });
        const x = randomTensor<tf.Rank.R4>([1, height, width, 3], 1);
        const y = block.forward(x, evaluation);
        const filters = kind === 'basic' ? 4 : 16;
        expect(y.shape).toEqual([1, Math.ceil(height / stride), Math.ceil(width / stride), filters]);
        expect(Math.min(...y.dataSync())).toBeGreaterThanOrEqual(0);
        tf.dispose([x, y]);
        block.dispose();
      },
    ),
    { numRuns: 40 },
  );
});

test.each<[Partial<ResidualBlockOptions>, string]>([
  [{ kind: 'wide' as 'basic' }, "ResidualBlock: kind is 'wide'; give one of 'basic', 'bottleneck'."],
  [
    { shortcut: 'conv' as 'pad' },
    "ResidualBlock: shortcut is 'conv'; give one of 'projection', 'average', 'pad', 'none'.",
  ],
  [{ strideIn: '7x7' as '1x1' }, "ResidualBlock: strideIn is '7x7'; give one of '3x3', '1x1'."],
  [{ channels: 0 }, 'ResidualBlock: channels is 0; give an integer of at least 1.'],
  [{ outChannels: 2.5 }, 'ResidualBlock: outChannels is 2.5; give an integer of at least 1.'],
  [{ squeezeChannels: -1 }, 'ResidualBlock: squeezeChannels is -1; give an integer of at least 0.'],
])('refuses %p', (options, message) => {
  expect(() => build(options)).toThrow(message);
});

describe('PadShortcut', () => {
  test('takes every stride-th pixel and puts zero channels around', () => {
    const size = fc.integer({ min: 1, max: 7 });
    const count = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(size, size, count, count, fc.nat(5), (height, width, stride, channels, added) => {
        const x = randomTensor<tf.Rank.R4>([2, height, width, channels], 1);
        const y = new PadShortcut(channels, channels + added, stride).forward(x);
        const [image, padded] = [x.arraySync(), y.arraySync()];
        const zeros = (n: number) => new Array<number>(n).fill(0);
        const before = added >> 1;
        const expected = image.map((rows) =>
          rows
            .filter((_, i) => i % stride === 0)
            .map((row) =>
              row
                .filter((_, i) => i % stride === 0)
                .map((pixel) => [...zeros(before), ...pixel, ...zeros(added - before)]),
            ),
        );
        expect(padded).toEqual(expected);
        tf.dispose([x, y]);
      }),
      { numRuns: 50 },
    );
  });

  test('refuses to lose channels', () => {
    expect(() => new PadShortcut(8, 4, 1)).toThrow(
      "PadShortcut: 8 channels cannot be padded to 4; use the shortcut 'projection'.",
    );
  });
});
