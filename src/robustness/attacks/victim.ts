import '#gradients';
import * as tf from '@tensorflow/tfjs-core';
import { foldTemporarily } from '../../blocks/fuse.js';
import { argMax } from '../../core/arg-max.js';
import { evaluation } from '../../core/context.js';
import { ArgumentError, check } from '../../core/errors.js';
import type { Module } from '../../core/module.js';
import { freeingTape } from '../../core/tape.js';
import { keepClones } from '../../core/tensors.js';
import type { TemporaryFolding } from '../../layers/folding.js';
import type { ColorPreprocessing } from '../../models/preprocessing.js';
import { toInput } from './image-range.js';
import type { ExampleLoss } from './losses.js';

/** A network that is attacked: images [N, H, W, channels] in, scores of classes [N, classes] out. */
export type Network = Module<tf.Tensor4D, tf.Tensor>;

/** What a network gives for images, and how its losses change with them. */
export interface InputGradients {
  /** [N, classes]. */
  readonly scores: tf.Tensor2D;
  /** The loss of each image, [N]. */
  readonly losses: tf.Tensor1D;
  /** Of the images' shape. */
  readonly gradients: tf.Tensor4D;
}

/** A network as an attack sees it: a function of images from 0 to 1, in evaluation. The caller disposes of it. */
export class Victim {
  readonly #folding: TemporaryFolding;

  constructor(
    readonly network: Network,
    readonly colors: ColorPreprocessing | undefined,
  ) {
    this.#folding = foldTemporarily(network);
  }

  dispose(): void {
    this.#folding.dispose();
  }

  /** The scores of the classes, [N, classes]. */
  scores(images: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => {
      const input = toInput(images, this.colors);
      const scores = this.#folding.run(() => this.network.forward(input, evaluation));
      // A clone, since a network may give a tensor that it keeps.
      return tf.clone(checkScores(scores, images.shape[0]));
    });
  }

  /**
   * The gradient of each image's loss with respect to that image.
   * @throws ArgumentError where an operation of the network has no gradient.
   */
  gradients(images: tf.Tensor4D, loss: ExampleLoss): InputGradients {
    let scores: tf.Tensor2D | undefined;
    try {
      const { losses, gradients } = freeingTape(() => {
        const forward = () => {
          const given = this.scores(images);
          scores = keepClones(given);
          return loss(given);
        };
        const ones = tf.ones([images.shape[0]]);
        const { value, grads } = tf.engine().gradients(forward, [images], ones, true);
        const [gradients] = grads as (tf.Tensor4D | undefined)[];
        check(gradients !== undefined, () =>
          noGradient('its scores do not depend on the image by operations that have one'),
        );
        return { losses: value as unknown as tf.Tensor1D, gradients };
      });
      return { scores: scores!, losses, gradients };
    } catch (error) {
      scores?.dispose();
      const [, kernel] = /gradient function not found for (\w+)/.exec(String(error)) ?? [];
      throw kernel
        ? new ArgumentError(noGradient(`its operation ${kernel} has none`), { cause: error })
        : error;
    }
  }

  /** The class of the highest score of each image. */
  async predict(images: tf.Tensor4D): Promise<number[]> {
    const scores = this.scores(images);
    try {
      return await bestClasses(scores);
    } finally {
      scores.dispose();
    }
  }
}

/**
 * The class of the highest score of each image.
 * @throws ArgumentError where a score is NaN, which is neither right nor wrong.
 */
export async function bestClasses(scores: tf.Tensor2D): Promise<number[]> {
  const [images, classes] = scores.shape;
  const values = await scores.data<'float32'>();
  check(!values.some(Number.isNaN), () => 'The network gave scores that are NaN; check its weights.');
  return Array.from({ length: images }, (_, i) => argMax(values.subarray(i * classes, (i + 1) * classes)));
}

function noGradient(why: string): string {
  return `The network has no gradient with respect to its images: ${why}. Use squareAttack, which needs no gradient.`;
}

function checkScores(scores: tf.Tensor, images: number): tf.Tensor2D {
  check(
    scores instanceof tf.Tensor && scores.rank === 2 && scores.shape[0] === images && scores.shape[1]! > 1,
    () =>
      `The network gave ${scores instanceof tf.Tensor ? `[${scores.shape}]` : 'no tensor'} for ${images} images; ` +
      'give a network that ends in scores of two or more classes, [N, classes].',
  );
  return scores as tf.Tensor2D;
}
