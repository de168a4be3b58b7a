import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import {
  check,
  checkBoolean,
  checkFraction,
  checkInteger,
  checkOneOf,
  checkOptions,
} from '../core/errors.js';
import { hasKernel, runKernel } from '../core/kernels.js';
import { allOrNothing } from '../core/build.js';
import { Module } from '../core/module.js';
import { parameter, statistic } from '../core/variables.js';

/** Options of {@link BatchNorm}; the numeric ones have no default since the frameworks' defaults differ. */
export interface BatchNormOptions {
  /** Channels of the input. */
  readonly channels: number;
  /** Added to the variance. PyTorch's default is 1e-5, Keras's 1e-3. */
  readonly epsilon: number;
  /**
   * How much of a running statistic a training step keeps: running = momentum * running + (1 - momentum) * batch.
   * This is TensorFlow's sense; PyTorch's momentum of 0.1 is 0.9 here.
   */
  readonly momentum: number;
  /** Which variance the running one averages: `'unbiased'` (divided by n - 1) as PyTorch, `'biased'` as TensorFlow. */
  readonly runningVariance: 'unbiased' | 'biased';
  /** Starts `weight` at zero rather than one, so that a residual branch starts as nothing. Default false. */
  readonly zeroWeight?: boolean;
}

/**
 * Batch normalisation over all but the channels, which come last: y = (x - mean) / sqrt(variance + epsilon) * weight
 * + bias. Training takes mean and variance from the batch and moves the running ones towards them; evaluation takes
 * the running ones. Source: Ioffe and Szegedy 2015, arXiv 1502.03167; as torch.nn.BatchNorm2d.
 */
export class BatchNorm extends Module {
  /** Gamma: [channels] */
  readonly weight: tf.Variable<tf.Rank.R1>;
  /** Beta: [channels] */
  readonly bias: tf.Variable<tf.Rank.R1>;
  /** [channels] */
  readonly runningMean: tf.Variable<tf.Rank.R1>;
  /** [channels] */
  readonly runningVariance: tf.Variable<tf.Rank.R1>;
  readonly epsilon: number;
  readonly momentum: number;
  readonly unbiased: boolean;

  constructor(options: BatchNormOptions) {
    super();
    checkOptions('BatchNorm', options, {
      channels: true,
      epsilon: true,
      momentum: true,
      runningVariance: true,
      zeroWeight: true,
    });
    const { channels, epsilon, momentum, runningVariance, zeroWeight = false } = options;
    checkBoolean('zeroWeight', zeroWeight);
    checkInteger('BatchNorm: channels', channels, 1);
    check(epsilon > 0, () => `BatchNorm: epsilon is ${epsilon}; give a positive number, such as 1e-5.`);
    checkFraction('BatchNorm: momentum', momentum);
    checkOneOf('BatchNorm: runningVariance', runningVariance, ['unbiased', 'biased']);
    const filled = (value: number) => () => new Float32Array(channels).fill(value);
    [this.weight, this.bias, this.runningMean, this.runningVariance] = allOrNothing(() => [
      parameter(filled(zeroWeight ? 0 : 1), [channels]),
      parameter(filled(0), [channels]),
      statistic(filled(0), [channels]),
      statistic(filled(1), [channels]),
    ]);
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.unbiased = runningVariance === 'unbiased';
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return this.forwardFused(x, context, 'linear');
  }

  /** The normalisation and then an activation, in one operation where the backend has one. */
  forwardFused(x: tf.Tensor4D, context: Context, activation: keyof typeof clamps): tf.Tensor4D {
    const { weight, bias, epsilon } = this;
    check(
      x.shape[3] === weight.size,
      () => `BatchNorm got [${x.shape}]; give ${weight.size} channels, the last axis of four.`,
    );
    if (!context.training || this.isFrozen) {
      const { runningMean, runningVariance } = this;
      return clamp(() => tf.batchNorm4d(x, runningMean, runningVariance, bias, weight, epsilon), activation);
    }
    const n = x.size / weight.size;
    check(
      n > 1,
      () =>
        `BatchNorm got [${x.shape}]: one value a channel has no variance; train with larger batches or images.`,
    );
    const moments = (mean: tf.Tensor, variance: tf.Tensor) => {
      if (!context.keepStatistics) this.#updateStatistics(mean, variance, n);
    };
    if (hasKernel('BatchNormTraining')) {
      return normalizeBatchFused(x, weight, bias, epsilon, clamps[activation], moments);
    }
    return clamp(() => normalizeBatch(x, weight, bias, epsilon, moments), activation);
  }

  #updateStatistics(mean: tf.Tensor, variance: tf.Tensor, n: number): void {
    tf.tidy(() => {
      const move = (running: tf.Variable, batch: tf.Tensor) =>
        running.assign(tf.add(tf.mul(running, this.momentum), tf.mul(batch, 1 - this.momentum)));
      move(this.runningMean, mean);
      move(this.runningVariance, this.unbiased ? tf.mul(variance, n / (n - 1)) : variance);
    });
  }
}

/** The activations that clamp, and to what. */
const clamps = { linear: [-Infinity, Infinity], relu: [0, Infinity], relu6: [0, 6] } as const;

function clamp(compute: () => tf.Tensor4D, activation: keyof typeof clamps): tf.Tensor4D {
  if (activation === 'linear') return compute();
  return tf.tidy(() => (activation === 'relu' ? tf.relu(compute()) : tf.relu6(compute())));
}

/** Told of a batch's mean and biased variance. */
type Moments = (mean: tf.Tensor1D, variance: tf.Tensor1D) => void;

/**
 * Normalises by the batch's own mean and (biased) variance, which `moments` is told of, as one operation with one
 * gradient; composed of tfjs's operations it would keep eight tensors of x's size instead of one.
 */
function normalizeBatch(
  x: tf.Tensor4D,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  epsilon: number,
  moments: Moments,
): tf.Tensor4D {
  const operation = tf.customGrad((...args) => {
    const [x, weight, bias, save] = args as unknown as [
      tf.Tensor4D,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.GradSaveFunc,
    ];
    const batch = tf.moments(x, [0, 1, 2]);
    const mean = batch.mean as tf.Tensor1D;
    const variance = batch.variance as tf.Tensor1D;
    moments(mean, variance);
    const inverseDeviation = tf.rsqrt(tf.add(variance, epsilon));
    save([x, weight, mean, inverseDeviation]);
    return {
      value: tf.batchNorm4d(x, mean, variance, bias, weight, epsilon),
      gradFunc: (dy, saved) => normalizeBatchGradient(dy as tf.Tensor4D, saved as tf.Tensor[]),
    };
  });
  return operation(x, weight, bias) as tf.Tensor4D;
}

/** The gradients of x, weight and bias (Ioffe and Szegedy 2015, section 3). */
function normalizeBatchGradient(dy: tf.Tensor4D, saved: tf.Tensor[]): tf.Tensor[] {
  const [x, weight, mean, inverseDeviation] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
  return tf.tidy(() => {
    const n = x.size / weight.size;
    const normalized = tf.mul(tf.sub(x, mean), inverseDeviation);
    const dWeight = tf.sum(tf.mul(dy, normalized), [0, 1, 2]);
    const dBias = tf.sum(dy, [0, 1, 2]);
    const centred = tf.sub(dy, tf.div(tf.add(dBias, tf.mul(normalized, dWeight)), n));
    return [tf.mul(centred, tf.mul(weight, inverseDeviation)), dWeight, dBias];
  });
}

/** The same with a clamp, by the kernels that some backends have for it: of x's size it keeps x and the output. */
function normalizeBatchFused(
  x: tf.Tensor4D,
  weight: tf.Tensor1D,
  bias: tf.Tensor1D,
  epsilon: number,
  [low, high]: readonly [number, number],
  moments: Moments,
): tf.Tensor4D {
  const clamped = low > -Infinity || high < Infinity;
  const operation = tf.customGrad((...args) => {
    const [x, scale, offset, save] = args as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const outputs = runKernel('BatchNormTraining', { x, scale, offset }, { epsilon, low, high });
    const [y, mean, variance, inverseDeviation] = outputs as [
      tf.Tensor4D,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.Tensor,
    ];
    moments(mean, variance);
    save(clamped ? [x, scale, mean, inverseDeviation, y] : [x, scale, mean, inverseDeviation]);
    return {
      value: y,
      gradFunc: (dy, saved) => {
        const [x, scale, mean, inverseDeviation, y] = saved as [
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor,
          tf.Tensor?,
        ];
        const inputs = { x, dy: dy as tf.Tensor, scale, mean, inverseDeviation, ...(y && { y }) };
        return runKernel('BatchNormTrainingGrad', inputs, { low, high });
      },
    };
  });
  return operation(x, weight, bias) as tf.Tensor4D;
}
