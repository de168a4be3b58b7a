import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { outputSize } from '../../src/scaling/output-size.js';

describe('outputSize', () => {
  const side = fc.integer({ min: 1, max: 300 });
  const kernel = fc.integer({ min: 1, max: 9 });
  const step = fc.integer({ min: 1, max: 4 });
  const padding = fc.oneof(
    fc.constantFrom('valid' as const, 'same' as const),
    fc.tuple(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 6 })),
  );

  test('is what tfjs computes', () => {
    fc.assert(
      fc.property(side, kernel, step, step, padding, (input, kernelSize, stride, dilation, padding) => {
        const added = typeof padding === 'string' ? 0 : padding[0] + padding[1];
        fc.pre(padding === 'same' || input + added >= (kernelSize - 1) * dilation + 1);
        const pad: tf.backend_util.ExplicitPadding | 'valid' | 'same' =
          typeof padding === 'string' ? padding : [[0, 0], padding, [0, 0], [0, 0]];
        const { outHeight } = tf.backend_util.computeConv2DInfo(
          [1, input, 300, 1],
          [kernelSize, 1, 1, 1],
          stride,
          dilation,
          pad,
        );
        expect(outputSize(input, kernelSize, stride, padding, dilation)).toBe(outHeight);
      }),
    );
  });

  test('of an odd kernel is the same with symmetric and TensorFlow padding', () => {
    fc.assert(
      fc.property(side, fc.integer({ min: 0, max: 4 }), step, step, (input, half, stride, dilation) => {
        const kernelSize = 2 * half + 1;
        expect(outputSize(input, kernelSize, stride, 'symmetric', dilation)).toBe(Math.ceil(input / stride));
      }),
    );
  });

  // PyTorch's documentation of Conv2d and MaxPool2d; Keras's ResNet stem.
  test.each([
    [224, 7, 2, 3, 1, 112],
    [112, 3, 2, 1, 1, 56],
    [50, 5, 2, 2, 1, 25],
    [230, 7, 2, 'valid', 1, 112],
    [32, 4, 1, 'symmetric', 1, 33],
    [32, 3, 1, 'valid', 2, 28],
  ] as const)(
    '%d pixels, kernel %d, stride %d, padding %s, dilation %d give %d',
    (input, k, s, p, d, output) => {
      expect(outputSize(input, k, s, p, d)).toBe(output);
    },
  );

  test('refuses what has no size', () => {
    expect(() => outputSize(4, 7, 1, 'valid')).toThrow(/window of 7 pixels does not fit an image of 4/);
    expect(() => outputSize(0, 3)).toThrow(/input is 0/);
    expect(() => outputSize(8, 3, 1.5)).toThrow(/stride is 1\.5/);
    expect(() => outputSize(8, 3, 1, -1)).toThrow(/padding is -1/);
    expect(() => outputSize(8, 3, 1, 'full' as 'same')).toThrow(/padding is "full"/);
  });
});
