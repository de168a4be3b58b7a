import * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '../models/preprocessing.js';
import type { RgbImage } from './image.js';
import { centreCrop, resizeShortSide } from './resize.js';

/** Images as a network's input: [N, size, size, 3], resized, cropped, scaled and normalised as `preprocessing` says. */
export function preprocess(images: readonly RgbImage[], preprocessing: Preprocessing): tf.Tensor4D {
  const { size, resize, interpolation, channels, scale, mean, std } = preprocessing;
  const values = new Float32Array(images.length * size * size * 3);
  const order = channels === 'rgb' ? [0, 1, 2] : [2, 1, 0];
  // One table a channel: a byte has only 256 normalised values.
  const tables = order.map((_, c) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte * scale - mean[c]!) / std[c]!),
  );
  images.forEach((image, n) => {
    const { data } = centreCrop(resizeShortSide(image, resize, interpolation), size);
    const offset = n * data.length;
    for (let i = 0; i < data.length; i += 3) {
      for (let c = 0; c < 3; c++) values[offset + i + c] = tables[c]![data[i + order[c]!]!]!;
    }
  });
  return tf.tensor4d(values, [images.length, size, size, 3]);
}
