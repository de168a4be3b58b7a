import * as tf from '@tensorflow/tfjs-core';
import { checkAtLeastZero, checkBoolean, checkOptions, type OptionNames } from '../../core/errors.js';
import type { Module } from '../../core/module.js';
import type { Random } from '../../core/random.js';
import { tidied } from '../../core/tensors.js';
import type { ClassTargets } from '../../training/data/image-batches.js';
import type { Objective } from '../../training/objective.js';
import type { InputManner } from '../../vision/preprocess.js';
import { project, randomStart, type Norm } from './ball.js';
import { colorsOfNetwork, fromInput, toInput } from './image-range.js';
import { crossEntropyWith, divergenceFrom, type ExampleLoss } from './losses.js';
import { ascend, walkOf, type Walk } from './pgd.js';
import { Victim } from './victim.js';

/** Options of {@link adversarialTraining}. */
export interface AdversarialTrainingOptions {
  /** How far an image may be changed, where its values are from 0 to 1: such as `8 / 255` for `'linf'`, or `0.5` for `'l2'`. */
  readonly radius: number;
  /** How the change is measured. Default `'linf'`. */
  readonly norm?: Norm;
  /** Steps of the attack. Default 7. */
  readonly steps?: number;
  /** Length of a step, in the norm of the radius. Default radius / 4. */
  readonly stepSize?: number;
  /** Whether the attack begins at a random place of the ball. Default true. */
  readonly randomStart?: boolean;
  /** How images from 0 to 1 became the batches that the network gets. Default the network's `preprocessing`, if it has one. */
  readonly preprocessing?: InputManner;
}

/** Options of {@link trades}. */
export interface TradesOptions extends Omit<AdversarialTrainingOptions, 'randomStart'> {
  /** How much the attacked images count. Default 6. */
  readonly beta?: number;
}

const commonNames = { radius: true, norm: true, steps: true, stepSize: true, preprocessing: true } as const;
const adversarialNames: OptionNames<AdversarialTrainingOptions> = { ...commonNames, randomStart: true };
const tradesNames: OptionNames<TradesOptions> = { ...commonNames, beta: true };

/** What adversarial training trains: images in, scores of classes out. */
export type ClassifierObjective = Objective<tf.Tensor4D, tf.Tensor2D, ClassTargets>;

/**
 * Training on attacked images alone: each batch is attacked by projected gradient descent, with the network in evaluation, and the step
 * is taken on what comes out. `train` takes it as its `objective`. Source: Madry et al. 2017, arXiv 1706.06083.
 *
 * Batches are the network's input; the attack goes back to images from 0 to 1 by the network's preprocessing, and stays in them.
 * @throws ArgumentError where an option is out of range.
 */
export function adversarialTraining(options: AdversarialTrainingOptions): ClassifierObjective {
  checkOptions('adversarialTraining', options, adversarialNames);
  const { randomStart: isRandom = true } = options;
  checkBoolean('randomStart', isRandom);
  const walk = walkWithDefaults(options);
  return {
    prepare: (model, { x, y }, random) =>
      attacked(model, x, options.preprocessing, {
        reference: () => tf.clone(y),
        loss: crossEntropyWith,
        start: (images) =>
          isRandom ? randomStart(images, walk.radius, walk.norm, random) : tf.clone(images),
        walk,
      }),
    compute: ({ forward, made, y, loss }) => {
      const output = forward(made[0]!);
      return { loss: loss(output, y), output };
    },
  };
}

/**
 * TRADES: training on images as they are, and on how much the network's answer changes when they are attacked: the loss plus `beta` times
 * the divergence of the probabilities. `train` takes it as its `objective`. Source: Zhang et al. 2019, arXiv 1901.08573.
 * @throws ArgumentError where an option is out of range.
 */
export function trades(options: TradesOptions): ClassifierObjective {
  checkOptions('trades', options, tradesNames);
  const { beta = 6 } = options;
  checkAtLeastZero('beta', beta);
  const walk = walkWithDefaults(options);
  return {
    prepare: (model, { x }, random) =>
      attacked(model, x, options.preprocessing, {
        reference: (victim, images) => tf.logSoftmax(victim.scores(images)),
        loss: divergenceFrom,
        start: (images) => nudged(images, walk, random),
        walk,
      }),
    compute: ({ forward, x, made, y, loss }) => {
      const output = forward(x);
      const apart = tf.mean(divergenceFrom(tf.logSoftmax(output))(forward(made[0]!)));
      return { loss: tf.add(loss(output, y), tf.mul(apart, beta)), output };
    },
  };
}

function walkWithDefaults({
  radius,
  norm,
  steps = 7,
  stepSize = radius / 4,
}: AdversarialTrainingOptions): Walk {
  return walkOf({ radius, norm, steps, stepSize });
}

/** Images that are changed a little, since the divergence has no slope where it is zero. */
function nudged(images: tf.Tensor4D, { radius, norm }: Walk, random: Random): tf.Tensor4D {
  const noise = tf.tensor4d(random.normalArray(images.size, 0.001), images.shape);
  return project(tf.add(images, noise), images, radius, norm);
}

interface Course<Reference extends tf.Tensor> {
  /** What the loss compares with: the targets, or what the network gives for the images as they are. */
  readonly reference: (victim: Victim, images: tf.Tensor4D) => Reference;
  readonly loss: (reference: Reference) => ExampleLoss;
  readonly start: (images: tf.Tensor4D) => tf.Tensor4D;
  readonly walk: Walk;
}

/** The network's input after an attack. */
async function attacked<Reference extends tf.Tensor>(
  model: Module<tf.Tensor4D, tf.Tensor2D>,
  x: tf.Tensor4D,
  manner: InputManner | undefined,
  { reference, loss, start, walk }: Course<Reference>,
): Promise<tf.Tensor4D[]> {
  const victim = new Victim(model, colorsOfNetwork(model, manner));
  const made: tf.Tensor[] = [];
  try {
    const [images, begin, compared] = tidied(() => {
      const images = fromInput(x, victim.colors);
      return [images, start(images), reference(victim, images)] as const;
    });
    made.push(images, begin, compared);
    const found = await ascend(victim, images, begin, loss(compared), walk);
    made.push(found);
    return [toInput(found, victim.colors)];
  } finally {
    tf.dispose(made);
    victim.dispose();
  }
}
