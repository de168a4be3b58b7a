import { decodeImage } from '#decode-image';
import { check } from '../../core/errors.js';
import type { ImageSource } from '../../vision/image.js';
import { checkClassNames, checkPlaces } from './check-classes.js';
import { checkList } from './check-dataset.js';
import type { Dataset } from './dataset.js';

/**
 * Images in memory: decoded pictures, or files that are decoded whenever they are asked for.
 * @param labels - The class of each image, a place in `classes`.
 * @param classes - Their names, an array of strings.
 * @throws ArgumentError where labels are not as many as images, or no places in `classes`.
 */
export function arrayDataset(
  images: readonly ImageSource[],
  labels: ArrayLike<number>,
  classes: readonly string[],
): Dataset {
  checkList('arrayDataset: the images', images, 'an array of pictures, paths, URLs or bytes of files');
  checkList('arrayDataset: the labels', labels, 'an array of the class of each image, from 0 on');
  checkClassNames('arrayDataset', classes);
  check(
    images.length === labels.length,
    () => `There are ${images.length} images and ${labels.length} labels; give as many.`,
  );
  checkPlaces(labels, classes);
  return { classes, labels: Int32Array.from(labels), image: (index) => decodeImage(images[index]!) };
}
