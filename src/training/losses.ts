import * as tf from '@tensorflow/tfjs-core';
import { check, checkAtLeastZero, checkFraction, checkOptions } from '../core/errors.js';
import { hasKernel, runKernel } from '../core/kernels.js';

/**
 * A number to minimise: the mean over the batch of what is wrong with a network's output. By default of logits [N, classes] and
 * targets that are classes, [N] of int32, or soft targets [N, classes], as label smoothing, mixup and CutMix make them.
 */
export type Loss<Output = tf.Tensor2D, Target = tf.Tensor1D | tf.Tensor2D> = (
  output: Output,
  target: Target,
) => tf.Scalar;

/** Options of {@link softmaxCrossEntropy}. */
export interface CrossEntropyOptions {
  /** In [0, 1): this share of every target is spread over all classes evenly. Default 0. */
  readonly labelSmoothing?: number;
}

/**
 * The mean over the batch of -sum(target * log(softmax(logits))), exact however far logits are apart. As
 * torch.nn.CrossEntropyLoss; label smoothing by Szegedy et al. 2015, arXiv 1512.00567. A logit of -Infinity makes a class
 * impossible: it takes no part where its target is 0 (of soft targets PyTorch makes NaN there), and the loss is infinite
 * where it is not, as with label smoothing.
 * @param logits - [N, classes]; or [N, height, width, classes] where each pixel has a class, and the mean is over all pixels.
 * @param targets - Classes, of int32 and the shape of the logits without the last axis, or soft targets of the logits' shape.
 * @throws ArgumentError where shapes do not fit or `labelSmoothing` is out of range.
 */
export function softmaxCrossEntropy(
  logits: tf.Tensor,
  targets: tf.Tensor,
  options: CrossEntropyOptions = {},
): tf.Scalar {
  checkOptions('softmaxCrossEntropy', options, { labelSmoothing: true });
  const { labelSmoothing = 0 } = options;
  checkFraction('labelSmoothing', labelSmoothing);
  if (hasKernel('SoftmaxCrossEntropy') && logits.dtype === 'float32')
    return kernelCrossEntropy(logits, targets, labelSmoothing);
  // As one operation, whose gradient (p * sum(target) - target) / N takes few kernels.
  const operation = tf.customGrad((x, save) => {
    const rows = rowsOf(x as tf.Tensor);
    const wanted = smooth(softTargets(logits, targets), labelSmoothing);
    const logP = tf.logSoftmax(rows);
    (save as tf.GradSaveFunc)([wanted, logP]);
    const [images] = rows.shape;
    const gradFunc = (dy: tf.Tensor, saved: tf.Tensor[]) => {
      const [wanted, logP] = saved as [tf.Tensor2D, tf.Tensor2D];
      const expected = tf.mul(tf.exp(logP), tf.sum(wanted, 1, true));
      return tf.reshape(tf.mul(tf.sub(expected, wanted), tf.div(dy, images)), logits.shape);
    };
    return { value: tf.neg(tf.div(tf.sum(weighted(wanted, logP)), images)), gradFunc };
  });
  return operation(logits) as tf.Scalar;
}

/** By the kernel that some backends have, which computes the gradient at once. */
function kernelCrossEntropy(logits: tf.Tensor, targets: tf.Tensor, labelSmoothing: number): tf.Scalar {
  const operation = tf.customGrad((x, save) => {
    const rows = rowsOf(x as tf.Tensor);
    const isSoft = areSoft(logits, targets);
    const wanted = tf.reshape(targets, isSoft ? rows.shape : [-1]);
    const inputs = { x: rows, targets: wanted };
    const [losses, gradient] = runKernel('SoftmaxCrossEntropy', inputs, { labelSmoothing });
    (save as tf.GradSaveFunc)([gradient!]);
    const gradFunc = (dy: tf.Tensor, [gradient]: tf.Tensor[]) =>
      tf.reshape(tf.mul(gradient!, dy), logits.shape);
    return { value: tf.mean(losses!) as tf.Scalar, gradFunc };
  });
  return operation(logits) as tf.Scalar;
}

/** What {@link focalLoss} takes 1 - p for at least. */
const LEAST_MISSING = 1e-30;

/** Options of {@link focalLoss}. */
export interface FocalLossOptions {
  /** How much well classified images count less; 0 is cross-entropy. Default 2. */
  readonly gamma?: number;
  /** Multiplies the loss of each class, where classes are unequally frequent. Default 1 for all. */
  readonly classWeights?: readonly number[];
}

/**
 * The mean over the batch of -sum(weight * target * (1 - p)^gamma * log(p)), where p = softmax(logits): cross-entropy
 * that attends to what is still wrong. Source: Lin et al. 2017, arXiv 1708.02002, for many classes.
 * @param logits - As of {@link softmaxCrossEntropy}.
 * @param targets - As of {@link softmaxCrossEntropy}.
 * @throws ArgumentError where shapes do not fit or `gamma` is negative.
 */
export function focalLoss(logits: tf.Tensor, targets: tf.Tensor, options: FocalLossOptions = {}): tf.Scalar {
  checkOptions('focalLoss', options, { gamma: true, classWeights: true });
  const { gamma = 2, classWeights } = options;
  checkAtLeastZero('gamma', gamma);
  check(
    classWeights === undefined || classWeights.length === logits.shape.at(-1),
    () => `There are ${classWeights!.length} classWeights for logits [${logits.shape}]; give one a class.`,
  );
  return tf.tidy(() => {
    const rows = rowsOf(logits);
    const targetsOfAll = softTargets(logits, targets);
    const logP = weighted(tf.cast(tf.notEqual(targetsOfAll, 0), 'float32'), tf.logSoftmax(rows));
    // 1 - p, exact also where p is nearly 1; not 0, of which powers below 1 have no slope.
    const missing = tf.maximum(tf.neg(tf.expm1(logP)), LEAST_MISSING);
    const terms = tf.mul(tf.mul(targetsOfAll, tf.pow(missing, gamma)), logP);
    const byClass = classWeights ? tf.mul(terms, tf.tensor1d([...classWeights])) : terms;
    return tf.neg(tf.div(tf.sum(byClass), rows.shape[0]));
  });
}

/**
 * The mean of all squared differences. As torch.nn.MSELoss; classes become rows of one 1 and zeros.
 * @param predictions - Of any shape.
 * @param targets - Of the same shape; or classes, of int32 and this shape without its last axis.
 * @throws ArgumentError where shapes do not fit.
 */
export function meanSquaredError(predictions: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  return tf.tidy(() => {
    const isSame = tf.util.arraysEqual(predictions.shape, targets.shape);
    if (isSame) return tf.mean(tf.squaredDifference(predictions, targets));
    return tf.mean(tf.squaredDifference(rowsOf(predictions), softTargets(predictions, targets)));
  });
}

/** Logits [..., classes] as rows [N, classes]. */
function rowsOf(logits: tf.Tensor): tf.Tensor2D {
  check(logits.rank > 1, () => `The logits are [${logits.shape}]; give [N, classes].`);
  return tf.reshape(logits, [-1, logits.shape.at(-1)!]);
}

/** Whether targets are of the logits' shape, and no classes. */
function areSoft({ shape }: tf.Tensor, targets: tf.Tensor): boolean {
  const isSoft = tf.util.arraysEqual(targets.shape, shape);
  const isClass = targets.dtype === 'int32' && tf.util.arraysEqual(targets.shape, shape.slice(0, -1));
  check(
    isSoft || isClass,
    () =>
      `The targets are ${targets.dtype} [${targets.shape}] for logits [${shape}]; ` +
      `give classes, int32 [${shape.slice(0, -1)}], or soft targets [${shape}].`,
  );
  return isSoft;
}

/** Targets as rows [N, classes]. */
function softTargets(logits: tf.Tensor, targets: tf.Tensor): tf.Tensor2D {
  if (areSoft(logits, targets)) return rowsOf(targets);
  const classes = logits.shape.at(-1)!;
  return tf.oneHot(tf.reshape(targets, [-1]) as tf.Tensor1D, classes, 1, 0, 'float32') as tf.Tensor2D;
}

function smooth(targets: tf.Tensor2D, labelSmoothing: number): tf.Tensor2D {
  if (labelSmoothing === 0) return targets;
  return tf.add(tf.mul(targets, 1 - labelSmoothing), labelSmoothing / targets.shape[1]);
}

/** weights * values, but 0 where the weight is, also of an infinite value. */
function weighted(weights: tf.Tensor2D, values: tf.Tensor2D): tf.Tensor2D {
  return tf.mul(weights, tf.where(tf.notEqual(weights, 0), values, tf.zerosLike(values)));
}
