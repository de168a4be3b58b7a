import { checkInteger, checkOptions } from '../core/errors.js';
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
export type FineTuneChoice = 'validation' | 'batchSize' | 'epochs' | 'learningRate' | 'freeze' | 'augment';

/** How to train a network that knows other images on images of one's. */
export interface FineTuneRecipe {
  /** The share of each class that is held out, to say how good the network is; it is not trained on. */
  readonly validation: number;
  /** Images of a step. */
  readonly batchSize: number;
  /** How often to go through the images. */
  readonly epochs: number;
  /** The highest learning rate; it falls on half a wave of the cosine to nothing. */
  readonly learningRate: number;
  /** Parts that stay as they are, such as `stem`. */
  readonly freeze: readonly string[];
  /** Done to every image at random, in this order. */
  readonly augment: readonly FineTuneAugmentation[];
  /** Why each value is what it is: a few words, by the value's name. */
  readonly reasons: Readonly<Record<FineTuneChoice, string>>;
}

/** From so many images on, a tenth of them is enough to say how good the network is. */
const MANY = 1000;

/** From so many images to train on, there are steps enough with larger batches, whose statistics are less noisy. */
const LARGER = 128;

/** Steps that are enough for a few dozen images, and the bounds of the epochs that make them. */
const STEPS = 90;
const EPOCHS = { least: 5, most: 60 };

/**
 * Chooses how to train a network that knows other images on images of one's; a pure function. docs/training.md has what
 * it was chosen by.
 * @throws ArgumentError where the numbers are no positive integers, or there are fewer than two classes.
 */
export function fineTuneRecipe(facts: FineTuneFacts): FineTuneRecipe {
  checkOptions('fineTuneRecipe', facts, { images: true, classes: true });
  const { images, classes } = facts;
  checkInteger('images', images, 1);
  checkInteger('classes', classes, 2);
  const validation = images >= MANY ? 0.1 : 0.2;
  const trained = Math.round(images * (1 - validation));
  const batchSize = Math.min(trained >= LARGER ? 32 : 16, trained);
  const perEpoch = Math.max(1, Math.floor(trained / batchSize));
  const epochs = Math.min(EPOCHS.most, Math.max(EPOCHS.least, Math.ceil(STEPS / perEpoch)));
  return {
    ...{ validation, batchSize, epochs },
    learningRate: 0.01,
    freeze: [],
    augment: ['flip', 'crop'],
    reasons: {
      validation: 'held out, to say how good the network is',
      batchSize: `${perEpoch} ${perEpoch === 1 ? 'step' : 'steps'} an epoch; smaller ones make batch norm noisy`,
      epochs: `${epochs * perEpoch} steps in all`,
      learningRate: 'low, so that what the network knows stays',
      freeze: 'every part learns, as your images may be of another kind',
      augment: 'more of a few; leave flip out where left and right matter',
    },
  };
}
