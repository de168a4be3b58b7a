import * as tf from '@tensorflow/tfjs-core';
import '../../src/backends/simd/index.js';
import type { BlockConvention } from '../../src/blocks/convention.js';
import { MBConv, type MBConvOptions } from '../../src/blocks/mb-conv.js';
import { ResidualBlock, type ResidualBlockOptions } from '../../src/blocks/residual-block.js';
import { Random } from '../../src/core/random.js';
import { efficientNetConvention, resNetConventions } from '../../src/models/conventions.js';
import { expectAsPyTorch, readCases, type GoldenCase } from '../helpers/golden-case.js';

const conventions: Record<string, BlockConvention> = {
  torchvision: resNetConventions.torchvision,
  'keras resnet': resNetConventions.keras,
  'keras efficientnet': efficientNetConvention('keras', 1),
};

function build({ layer, options }: GoldenCase): ResidualBlock | MBConv {
  const convention = conventions[(options.convention as string | undefined) ?? 'torchvision'];
  const complete = { ...options, convention, random: new Random(0) };
  return layer === 'MBConv'
    ? new MBConv(complete as unknown as MBConvOptions)
    : new ResidualBlock(complete as unknown as ResidualBlockOptions);
}

describe.each(['cpu', 'simd'])('on the backend %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));

  test.each(readCases('blocks.json'))('$name agrees with torchvision, forward and backward', (golden) => {
    expect(tf.getBackend()).toBe(backend);
    expectAsPyTorch(build(golden), golden);
  });
});
