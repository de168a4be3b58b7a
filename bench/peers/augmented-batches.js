// What the workers of augmentation.js run: parameters { files, augment, batchSize, size }.
import { isMainThread } from 'node:worker_threads';
import {
  arrayDataset,
  autoAugment,
  colorJitter,
  compose,
  padAndCrop,
  Random,
  randomFlip,
  randomResizedCrop,
  serveBatches,
} from 'skipscale';

const augmentations = {
  'flip and crop': () => compose(randomFlip(), padAndCrop()),
  'flip, crop and AutoAugment': () => compose(randomFlip(), padAndCrop(), autoAugment('cifar10')),
  'flip, crop and jitter with hue': () =>
    compose(
      randomFlip(),
      padAndCrop(),
      colorJitter({ brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 }),
    ),
  'resized crop and flip': (size) => compose(randomResizedCrop({ size }), randomFlip()),
};

/** Files in rounds, or noise of CIFAR's size where there are none. */
export function open({ files, images, augment, size, batchSize }) {
  const random = new Random(0);
  const sources = Array.from({ length: images }, (_, i) =>
    files
      ? files[i % files.length]
      : {
          width: size,
          height: size,
          data: Uint8Array.from({ length: size * size * 3 }, () => random.integer(256)),
        },
  );
  const classes = Array.from({ length: 10 }, (_, i) => String(i));
  const dataset = arrayDataset(
    sources,
    Array.from(sources, (_, i) => i % 10),
    classes,
  );
  return { dataset, batchSize, augment: augmentations[augment](size) };
}

if (!isMainThread) serveBatches(open);
