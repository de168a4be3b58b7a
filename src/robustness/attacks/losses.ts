import * as tf from '@tensorflow/tfjs-core';

/** The loss of each image, [N], which an attack makes large. */
export type ExampleLoss = (scores: tf.Tensor2D) => tf.Tensor1D;

/** The cross-entropy of each image. */
export function crossEntropyOf(classes: readonly number[]): ExampleLoss {
  return (scores) => tf.neg(scoreOf(tf.logSoftmax(scores), classes));
}

/** Minus the cross-entropy: large where the network sees these classes. */
export function towards(classes: readonly number[]): ExampleLoss {
  return (scores) => scoreOf(tf.logSoftmax(scores), classes);
}

/**
 * The difference of logits ratio: how far the highest other score is above that of the class, over how far the highest is
 * above the third. It does not change where all scores are multiplied. Source: Croce and Hein 2020, arXiv 2003.01690.
 * @param classes - There have to be three or more classes of scores.
 */
export function differenceOfLogitsRatio(classes: readonly number[]): ExampleLoss {
  return (scores) => {
    const lift = constant(scores, (z) => tf.sub(oneHot(classes, z), highestOther(z, classes)));
    const spread = constant(scores, firstLessThird);
    const along = (weights: tf.Tensor) => tf.sum(tf.mul(scores, weights), 1);
    return tf.neg(tf.div(along(lift), tf.add(along(spread), 1e-12)));
  };
}

/** The score of one class for each image, [N]. */
function scoreOf(scores: tf.Tensor2D, classes: readonly number[]): tf.Tensor1D {
  return tf.sum(tf.mul(scores, oneHot(classes, scores)), 1);
}

function oneHot(classes: readonly number[] | tf.Tensor1D, { shape }: tf.Tensor2D): tf.Tensor2D {
  const places = classes instanceof tf.Tensor ? classes : tf.tensor1d([...classes], 'int32');
  return tf.oneHot(places, shape[1], 1, 0, 'float32') as tf.Tensor2D;
}

/** 1 at the highest score of the other classes. */
function highestOther(scores: tf.Tensor2D, classes: readonly number[]): tf.Tensor2D {
  const others = tf.where(tf.cast(oneHot(classes, scores), 'bool'), tf.sub(tf.min(scores), 1), scores);
  return oneHot(tf.argMax(others, 1) as tf.Tensor1D, scores);
}

/** 1 at the highest score, and -1 at the third. */
function firstLessThird(scores: tf.Tensor2D): tf.Tensor2D {
  const [first, , third] = tf.unstack(tf.topk(scores, 3).indices, 1) as tf.Tensor1D[];
  return tf.sub(oneHot(first!, scores), oneHot(third!, scores));
}

/** What is computed of scores, as a constant: no gradient goes through it. */
function constant(scores: tf.Tensor2D, compute: (scores: tf.Tensor2D) => tf.Tensor2D): tf.Tensor2D {
  const { shape } = scores;
  const operation = tf.customGrad((x) => ({
    value: compute(x as tf.Tensor2D),
    gradFunc: () => tf.zeros(shape),
  }));
  return operation(scores) as tf.Tensor2D;
}

/** The cross-entropy of each image, of classes [N] or soft targets [N, classes]. */
export function crossEntropyWith(targets: tf.Tensor1D | tf.Tensor2D): ExampleLoss {
  return (scores) => {
    const wanted = targets.rank === 2 ? targets : oneHot(targets as tf.Tensor1D, scores);
    return tf.neg(tf.sum(tf.mul(wanted, tf.logSoftmax(scores)), 1));
  };
}

/** The Kullback-Leibler divergence of each image's probabilities from these logarithms of probabilities, [N, classes]. */
export function divergenceFrom(logProbabilities: tf.Tensor2D): ExampleLoss {
  return (scores) =>
    tf.sum(tf.mul(tf.exp(logProbabilities), tf.sub(logProbabilities, tf.logSoftmax(scores))), 1);
}
