import * as tf from '@tensorflow/tfjs-core';
import {
  check,
  checkAtLeastZero,
  checkInteger,
  checkOptions,
  checkPositive,
  shown,
  type OptionNames,
} from '../../core/errors.js';
import type { Random } from '../../core/random.js';
import { takeValues } from '../../core/take-values.js';
import { beta, dirichlet } from '../../training/data/mix.js';
import type { Objective } from '../../training/objective.js';
import type { ClassTargets } from '../../training/data/image-batches.js';
import type { Augmentation } from '../../vision/augment/augmentation.js';
import { rotate, shearX, shearY, translate } from '../../vision/augment/affine.js';
import { autoContrast, equalize, posterize, solarize } from '../../vision/augment/tone.js';
import type { RgbImage } from '../../vision/image.js';
import type { InputManner } from '../../vision/preprocess.js';
import { colorsOfNetwork, fromInput, toInput } from '../attacks/image-range.js';

/** Options of {@link augMix}. */
export interface AugMixOptions {
  /** How strong the operations are, above 0 and at most 10. Default 3, as for CIFAR in the paper. */
  readonly severity?: number;
  /** Chains of operations that are mixed. Default 3. */
  readonly width?: number;
  /** Operations of a chain. Default 1, 2 or 3 by chance. */
  readonly depth?: number;
  /** Of the distributions of the shares. Default 1: all shares are as likely. */
  readonly alpha?: number;
  /** What a chain chooses from. Default the nine of the paper, none of which is one of the common corruptions. */
  readonly operations?: readonly Augmentation[];
}

const optionNames: OptionNames<AugMixOptions> = {
  severity: true,
  width: true,
  depth: true,
  alpha: true,
  operations: true,
};

/**
 * AugMix: the image mixed with a mixture of chains of random operations. Source: Hendrycks et al. 2019, arXiv 1912.02781. The shares are
 * of pixels, rounded to bytes in the end, which is the same as of normalised ones up to this rounding.
 * @throws ArgumentError where an option is out of range.
 */
export function augMix(options: AugMixOptions = {}): Augmentation {
  checkOptions('augMix', options, optionNames);
  const { severity = 3, width = 3, depth, alpha = 1 } = options;
  check(
    severity > 0 && severity <= 10,
    () => `severity is ${shown(severity)}; give a number above 0 and at most 10.`,
  );
  checkInteger('width', width, 1);
  checkInteger('depth', depth ?? 1, 1);
  checkPositive('alpha', alpha);
  const { operations = paperOperations(severity) } = options;
  check(
    Array.isArray(operations) &&
      operations.length > 0 &&
      operations.every((each) => typeof each === 'function'),
    () =>
      `operations is ${shown(operations)}; give an array of one or more augmentations, such as [corruption('fog')].`,
  );
  return (image, random) => {
    const shares = dirichlet(random, alpha, width);
    const kept = 1 - beta(random, alpha);
    const sums = Float32Array.from(image.data, (value) => kept * value);
    for (const share of shares) {
      let chained = image;
      for (let left = depth ?? 1 + random.integer(3); left > 0; left--) {
        chained = operations[random.integer(operations.length)]!(chained, random);
      }
      const weight = (1 - kept) * share;
      for (let i = 0; i < sums.length; i++) sums[i]! += weight * chained.data[i]!;
    }
    return { ...image, data: Uint8Array.from(sums, (sum) => Math.min(255, sum + 0.5)) };
  };
}

/** The operations of the paper, of a random strength up to `severity` of 10. */
function paperOperations(severity: number): Augmentation[] {
  const level = (random: Random) => random.uniform(0.1, severity) / 10;
  const signed =
    (most: (image: RgbImage) => number, apply: (image: RgbImage, amount: number) => RgbImage): Augmentation =>
    (image, random) => {
      const amount = level(random) * most(image);
      return apply(image, random.uniform() > 0.5 ? -amount : amount);
    };
  return [
    autoContrast,
    equalize,
    (image, random) => posterize(image, 4 - Math.trunc(4 * level(random))),
    (image, random) => solarize(image, 256 - Math.trunc(256 * level(random))),
    signed(
      () => 30,
      (image, degrees) => rotate(image, Math.trunc(degrees)),
    ),
    signed(() => 0.3, shearX),
    signed(() => 0.3, shearY),
    signed(
      ({ width }) => width / 3,
      (image, right) => translate(image, right, 0),
    ),
    signed(
      ({ height }) => height / 3,
      (image, down) => translate(image, 0, down),
    ),
  ];
}

/** Options of {@link augMixConsistency}. */
export interface AugMixConsistencyOptions extends AugMixOptions {
  /** How much it counts that the network's answers differ. Default 12. */
  readonly weight?: number;
  /** How images became the batches that the network gets. Default the network's `preprocessing`. */
  readonly preprocessing?: InputManner;
}

/**
 * AugMix with its loss: each image goes through the network as it is, and twice as {@link augMix} changes it; to the loss of the first comes
 * `weight` times the Jensen-Shannon divergence of the three answers. `train` takes it as its `objective`; `augment` comes before
 * it, and should flip and crop only. Source: Hendrycks et al. 2019, arXiv 1912.02781.
 * @throws ArgumentError where an option is out of range; in training, where the network has no preprocessing and none is given.
 */
export function augMixConsistency(
  options: AugMixConsistencyOptions = {},
): Objective<tf.Tensor4D, tf.Tensor2D, ClassTargets> {
  checkOptions('augMixConsistency', options, { ...optionNames, weight: true, preprocessing: true });
  const { weight = 12, preprocessing, ...others } = options;
  checkAtLeastZero('weight', weight);
  const augment = augMix(others);
  return {
    prepare: async (model, { x }, random) => {
      const colors = colorsOfNetwork(model, preprocessing);
      const images = await picturesOf(fromInput(x, colors));
      return [0, 1].map(() => {
        const changed = images.map((image) => augment(image, random));
        return tf.tidy(() => toInput(unitTensor(changed), colors));
      });
    },
    compute: ({ forward, x, made, y, loss }) => {
      // As one batch, whose batch norm sees all of them.
      const all = forward(tf.concat([x, ...made]));
      const parts = tf.split(all, 3) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const apart = jensenShannon(parts);
      return { loss: tf.add(loss(parts[0], y), tf.mul(apart, weight)), output: parts[0] };
    },
  };
}

/** The mean over the images of the divergence of several answers from their mean. */
export function jensenShannon(scores: readonly tf.Tensor2D[]): tf.Scalar {
  return tf.tidy(() => {
    const logs = scores.map((each) => tf.logSoftmax(each));
    const mean = tf.div(tf.addN(logs.map((each) => tf.exp(each))), scores.length);
    const logMean = tf.log(tf.clipByValue(mean, 1e-7, 1));
    const apart = logs.map((log) => tf.sum(tf.mul(tf.exp(log), tf.sub(log, logMean)), 1));
    return tf.mean(tf.div(tf.addN(apart), scores.length));
  });
}

/** Images from 0 to 1 as pictures; the tensor is freed. */
async function picturesOf(images: tf.Tensor4D): Promise<RgbImage[]> {
  const [count, height, width, channels] = images.shape;
  const values = await takeValues(images);
  check(channels === 3, () => `AugMix works on images of three channels; these have ${channels}.`);
  const size = height * width * 3;
  return Array.from({ length: count }, (_, i) => ({
    ...{ width, height },
    data: Uint8Array.from(values.subarray(i * size, (i + 1) * size), (value) => value * 255 + 0.5),
  }));
}

function unitTensor(images: readonly RgbImage[]): tf.Tensor4D {
  const [{ width, height }] = images as [RgbImage];
  const values = new Float32Array(images.length * height * width * 3);
  images.forEach(({ data }, i) => data.forEach((value, k) => (values[i * data.length + k] = value / 255)));
  return tf.tensor4d(values, [images.length, height, width, 3]);
}
