import * as tf from '@tensorflow/tfjs-core';
import { check, checkOneOf } from '../core/errors.js';
import type { Preprocessing } from '../models/preprocessing.js';
import { cropStart } from './resize.js';

/**
 * Ways to look at an image several times, whose logits are averaged (test-time augmentation): the image and its mirror image; the
 * four corners and the centre of a larger picture; those and their mirror images (Krizhevsky et al. 2012).
 */
export type Views = 'flip' | 'five-crop' | 'ten-crop';

const possibleViews: readonly Views[] = ['flip', 'five-crop', 'ten-crop'];

/** @throws ArgumentError unless it is a way to look at an image, or undefined. */
export function checkViews(views: Views | undefined): void {
  if (views !== undefined) checkOneOf('views', views, possibleViews);
}

/**
 * The preprocessing for the picture that the views are cut from. For crops it is the square of side `resize`, or at least 8/7 of the
 * network's, as 256 pixels are to 224.
 */
export function beforeViews(preprocessing: Preprocessing, views: Views | undefined): Preprocessing {
  if (views === undefined || views === 'flip') return preprocessing;
  const side = Math.max(preprocessing.resize, Math.round((preprocessing.size * 8) / 7));
  return { ...preprocessing, size: side, resize: side };
}

/**
 * The mean output over the views.
 * @param images - [N, H, W, C], prepared as {@link beforeViews} says.
 * @param size - Side of a crop, in pixels.
 * @param run - Gives the output for one view, [N, …].
 */
export function meanOverViews<Output extends tf.Tensor>(
  images: tf.Tensor4D,
  views: Views | undefined,
  size: number,
  run: (view: tf.Tensor4D) => Output,
): Output {
  if (views === undefined) return run(images);
  return tf.tidy(() => {
    const crops = views === 'flip' ? [[0, 0, ...images.shape.slice(1, 3)]] : cropsOf(images.shape, size);
    let sum: tf.Tensor | undefined;
    let count = 0;
    const add = (view: tf.Tensor4D) => {
      const before = sum;
      sum = tf.tidy(() => (before ? tf.add(before, run(view)) : tf.clone(run(view))));
      before?.dispose();
      count++;
    };
    for (const [top, left, height, width] of crops as [number, number, number, number][]) {
      const crop = tf.slice4d(images, [0, top, left, 0], [-1, height, width, -1]);
      add(crop);
      if (views !== 'five-crop') add(tf.reverse4d(crop, 2));
    }
    return tf.div(sum!, count) as Output;
  });
}

/** The corners and the centre, as torchvision's FiveCrop. */
function cropsOf([, height, width]: tf.Tensor4D['shape'], size: number): number[][] {
  const [bottom, right] = [height - size, width - size];
  const centre = [cropStart(height, size), cropStart(width, size)];
  return [[0, 0], [0, right], [bottom, 0], [bottom, right], centre].map((corner) => [...corner, size, size]);
}

/** @throws ArgumentError where the views cannot be taken of this input, which is no image that was prepared here. */
export function checkTensorViews(x: unknown, views: Views | undefined): void {
  checkViews(views);
  check(
    views === undefined || views === 'flip',
    () => `views is '${views}', which needs images; of a tensor, give 'flip'.`,
  );
  check(
    views === undefined || (x instanceof tf.Tensor && x.rank === 4),
    () => "views is 'flip', which needs a tensor [N, height, width, channels]; leave views out.",
  );
}
