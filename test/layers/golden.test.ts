import * as tf from '@tensorflow/tfjs-core';
import '../../src/backends/simd/index.js';
import type { AnyModule } from '../../src/core/module.js';
import { Random } from '../../src/core/random.js';
import * as layers from '../../src/layers/index.js';
import { expectAsPyTorch, readCases, type GoldenCase } from '../helpers/golden-case.js';

function build({ layer, options }: GoldenCase): AnyModule {
  if (layer === 'ZeroPadding') return new layers.ZeroPadding(options.padding as number);
  const Layer = layers[layer as keyof typeof layers] as new (options: object) => AnyModule;
  const isRandom = !/Norm|Pool/.test(layer);
  return new Layer({ ...options, ...(isRandom && { random: new Random(0) }) });
}

describe.each(['cpu', 'simd'])('on the backend %s', (backend) => {
  beforeAll(() => tf.setBackend(backend));

  test.each(readCases('layers.json'))('$name agrees with PyTorch, forward and backward', (golden) => {
    expect(tf.getBackend()).toBe(backend);
    expectAsPyTorch(build(golden), golden);
  });
});
