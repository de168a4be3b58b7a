import * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '../models/preprocessing.js';
import type { RgbImage } from './image.js';
import { resizeAndCrop } from './resize.js';

/** Images as a network's input: [N, size, size, 3], resized, cropped, scaled and normalised as `preprocessing` says. */
export function preprocess(images: readonly RgbImage[], preprocessing: Preprocessing): tf.Tensor4D {
  return normalize(
    images.map((image) => resizeAndCrop(image, preprocessing)),
    preprocessing,
  );
}

/** The last step of {@link preprocess}: squares of `size` pixels to [N, size, size, 3]. */
export function normalize(
  squares: readonly RgbImage[],
  { size, channels, scale, mean, std }: Preprocessing,
): tf.Tensor4D {
  const values = new Float32Array(squares.length * size * size * 3);
  const order = channels === 'rgb' ? [0, 1, 2] : [2, 1, 0];
  // One table a channel: a byte has only 256 normalised values.
  const tables = order.map((_, c) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte * scale - mean[c]!) / std[c]!),
  );
  squares.forEach(({ data }, n) => {
    const offset = n * data.length;
    for (let i = 0; i < data.length; i += 3) {
      for (let c = 0; c < 3; c++) values[offset + i + c] = tables[c]![data[i + order[c]!]!]!;
    }
  });
  return tf.tensor4d(values, [squares.length, size, size, 3]);
}
