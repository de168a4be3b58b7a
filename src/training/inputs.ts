import * as tf from '@tensorflow/tfjs-core';
import type { Preprocessing } from '../models/preprocessing.js';
import type { RgbImage } from '../vision/image.js';
import { normalize } from '../vision/preprocess.js';
import { resizeAndCrop } from '../vision/resize.js';
import type { Batch } from './data/batch.js';

/** The image as it is, where it is a square of the network's size, and otherwise resized and cropped to it. */
export function fit(image: RgbImage, preprocessing: Preprocessing): RgbImage {
  const { size } = preprocessing;
  return image.width === size && image.height === size ? image : resizeAndCrop(image, preprocessing);
}

/** The preprocessing for squares of another size. */
export function resized(preprocessing: Preprocessing, size: number): Preprocessing {
  const resize = Math.round((preprocessing.resize * size) / preprocessing.size);
  return { ...preprocessing, size, resize };
}

/** Images as a network's input [N, size, size, 3], and targets as a loss's: [N] of int32, or [N, classes]. */
export function tensorsOf(
  { images, targets }: Batch,
  preprocessing: Preprocessing,
): { x: tf.Tensor4D; targets: tf.Tensor1D | tf.Tensor2D } {
  const x = normalize(
    images.map((image) => fit(image, preprocessing)),
    preprocessing,
  );
  const soft = targets instanceof Float32Array;
  return {
    x,
    targets: soft
      ? tf.tensor2d(targets, [images.length, targets.length / images.length])
      : tf.tensor1d(targets, 'int32'),
  };
}
