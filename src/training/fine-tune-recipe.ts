import { checkInteger } from '../core/errors.js';
import type { Augmentation } from '../vision/augment/augmentation.js';
import { padAndCrop } from '../vision/augment/crop.js';
import { randomFlip } from '../vision/augment/flip.js';

/** The augmentations that a recipe may name. */
export const fineTuneAugmentations = {
  flip: () => randomFlip(),
  // As 4 pixels of CIFAR's 32.
  crop: () => (image, random) => padAndCrop(Math.round(image.width / 8))(image, random),
} satisfies Record<string, () => Augmentation>;

/** The name of an augmentation that a recipe may have. */
export type FineTuneAugmentation = keyof typeof fineTuneAugmentations;

/** What a recipe is chosen by. */
export interface FineTuneFacts {
  /** Number of images, those for validation included. */
  readonly images: number;
  /** Number of classes. */
  readonly classes: number;
}

/** What a recipe chooses. */
export type FineTuneChoice =
  'validation' | 'batchSize' | 'epochs' | 'learningRate' | 'layerDecay' | 'freeze' | 'augment';

/** How to train a network that knows other images on images of one's own. */
export interface FineTuneRecipe {
  /** The share of each class that is held out, to say how good the network is; it is not trained on. */
  readonly validation: number;
  /** Images of a step. */
  readonly batchSize: number;
  /** How often to go through the images. */
  readonly epochs: number;
  /** The highest learning rate, that of the head. */
  readonly learningRate: number;
  /** Multiplies the rate of each part before the head, by powers down to the stem, as `layerDecay` says; 1 for none. */
  readonly layerDecay: number;
  /** Parts that stay as they are, such as `stem`. */
  readonly freeze: readonly string[];
  /** Done to every image at random, in this order. */
  readonly augment: readonly FineTuneAugmentation[];
  /** Why each value is what it is: a few words, by the value's name. */
  readonly reasons: Readonly<Record<FineTuneChoice, string>>;
}

/** The steps that a training should take in all, at least. */
const STEPS = 180;

/**
 * Chooses how to train a network that knows other images on images of one's own; a pure function. docs/training.md has what
 * it was chosen by.
 * @throws ArgumentError where the numbers are no positive integers, or there are fewer than two classes.
 */
export function fineTuneRecipe({ images, classes }: FineTuneFacts): FineTuneRecipe {
  checkInteger('images', images, 1);
  checkInteger('classes', classes, 2);
  const validation = images < 1000 ? 0.2 : 0.1;
  const trained = Math.round(images * (1 - validation));
  const batchSize = trained < 1000 ? 8 : 32;
  const perEpoch = Math.max(1, Math.floor(trained / batchSize));
  const epochs = Math.min(30, Math.max(5, Math.round(STEPS / perEpoch)));
  return {
    ...{ validation, batchSize, epochs },
    learningRate: 0.01,
    layerDecay: 1,
    freeze: [],
    augment: ['flip', 'crop'],
    reasons: {
      validation: 'TODO',
      batchSize: '',
      epochs: '',
      learningRate: '',
      layerDecay: '',
      freeze: '',
      augment: '',
    },
  };
}
