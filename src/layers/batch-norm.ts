import * as tf from '@tensorflow/tfjs-core';
import type { Context, TrainingContext } from '../core/context.js';
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
import { addRelu } from './add.js';
import { checkTrains, foldedAway } from './folding.js';
import { swish } from './swish.js';

/** Options of {@link BatchNorm}. The defaults are PyTorch's; other frameworks have others. */
export interface BatchNormOptions {
  /** Channels of the input. */
  readonly channels: number;
  /** Added to the variance. Default 1e-5; Keras's is 1e-3. */
  readonly epsilon?: number;
  /**
   * How much of a running statistic a training step keeps: running = momentum * running + (1 - momentum) * batch.
   * This is TensorFlow's sense; PyTorch's momentum of 0.1 is 0.9 here. Default 0.9; Keras's is 0.99.
   */
  readonly momentum?: number;
  /**
   * Which variance the running one averages: `'unbiased'` (divided by n - 1) as PyTorch, `'biased'` as TensorFlow. Default
   * `'unbiased'`.
   */
  readonly runningVariance?: 'unbiased' | 'biased';
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
    const { channels, epsilon = 1e-5, momentum = 0.9, runningVariance = 'unbiased' } = options;
    const { zeroWeight = false } = options;
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

  /**
   * The normalisation, `shortcut` added where there is one, and then an activation: in training one operation where the backend
   * has it.
   */
  forwardFused(
    x: tf.Tensor4D,
    context: Context,
    activation: NormActivation,
    shortcut?: tf.Tensor4D,
  ): tf.Tensor4D {
    const { weight, bias, epsilon } = this;
    check(
      x.shape[3] === weight.size,
      () => `BatchNorm got [${x.shape}]; give ${weight.size} channels, the last axis of four.`,
    );
    const then = (y: tf.Tensor4D) => activate(y, activation, shortcut);
    if (!context.training || this.isFrozen) {
      const { runningMean, runningVariance } = this;
      return tf.tidy(() =>
        then(foldedAway(x, this) ?? tf.batchNorm4d(x, runningMean, runningVariance, bias, weight, epsilon)),
      );
    }
    checkTrains(this);
    const n = x.size / weight.size;
    check(
      n > 1,
      () =>
        `BatchNorm got [${x.shape}]: one value a channel has no variance; train with larger batches or images.`,
    );
    if (hasKernel('BatchNormTraining')) return this.#normalizeFused(x, context, activation, shortcut);
    const moments = (mean: tf.Tensor, variance: tf.Tensor) => {
      if (!context.keepStatistics) this.#moveStatistics(mean, variance, n);
    };
    return tf.tidy(() => then(normalizeBatch(x, weight, bias, epsilon, moments)));
  }

  #moveStatistics(mean: tf.Tensor, variance: tf.Tensor, n: number): void {
    tf.tidy(() => {
      const move = (running: tf.Variable, batch: tf.Tensor) =>
        running.assign(tf.add(tf.mul(running, this.momentum), tf.mul(batch, 1 - this.momentum)));
      move(this.runningMean, mean);
      move(this.runningVariance, this.unbiased ? tf.mul(variance, n / (n - 1)) : variance);
    });
  }

  /** By the kernel that some backends have: of x's size it keeps x, and the output where a ReLU follows. */
  #normalizeFused(
    x: tf.Tensor4D,
    { keepStatistics = false }: TrainingContext,
    activation: NormActivation,
    shortcut: tf.Tensor4D | undefined,
  ): tf.Tensor4D {
    const { weight, bias, runningMean, runningVariance, epsilon, momentum, unbiased } = this;
    const [low, high] = clamps[activation];
    const clamped = low > -Infinity;
    const swish = Number(activation === 'swish');
    const operation = tf.customGrad((...args) => {
      const save = args.pop() as unknown as tf.GradSaveFunc;
      const [x, scale, offset, shortcut] = args as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor?];
      const inputs: tf.NamedTensorMap = { x, scale, offset, ...(shortcut && { shortcut }) };
      if (!keepStatistics) Object.assign(inputs, { runningMean, runningVariance });
      const attrs = { epsilon, low, high, swish, momentum, unbiased };
      const outputs = runKernel('BatchNormTraining', inputs, attrs);
      const [y, mean, , inverseDeviation, nextMean, nextVariance] = outputs as Outputs;
      if (nextMean) runningMean.assign(nextMean);
      if (nextVariance) runningVariance.assign(nextVariance);
      save([x, scale, offset, mean, inverseDeviation, ...(clamped ? [y] : [])]);
      const gradFunc = (dy: tf.Tensor4D | tf.Tensor4D[], saved: tf.Tensor[]) => {
        const [x, scale, offset, mean, inverseDeviation, y] = saved as Saved;
        const inputs = { x, dy: dy as tf.Tensor4D, scale, offset, mean, inverseDeviation, ...(y && { y }) };
        const attrs = { low, high, swish, shortcut: Number(shortcut !== undefined && clamped) };
        const gradients = runKernel('BatchNormTrainingGrad', inputs, attrs);
        if (shortcut && !clamped) gradients.push(tf.clone(dy as tf.Tensor4D));
        return gradients;
      };
      return { value: y, gradFunc };
    });
    return operation(x, weight, bias, ...(shortcut ? [shortcut] : [])) as tf.Tensor4D;
  }
}

/** The outputs of the kernel. */
type Outputs = [
  y: tf.Tensor4D,
  mean: tf.Tensor1D,
  variance: tf.Tensor1D,
  inverseDeviation: tf.Tensor1D,
  nextMean?: tf.Tensor1D,
  nextVariance?: tf.Tensor1D,
];

/** What it keeps for its gradient. */
type Saved = [
  x: tf.Tensor,
  scale: tf.Tensor,
  offset: tf.Tensor,
  mean: tf.Tensor,
  inverseDeviation: tf.Tensor,
  y?: tf.Tensor,
];

/** What the activations clamp to. */
const clamps = {
  linear: [-Infinity, Infinity],
  relu: [0, Infinity],
  relu6: [0, 6],
  swish: [-Infinity, Infinity],
} as const;

/** What a batch norm may end with. */
export type NormActivation = keyof typeof clamps;

function activate(
  y: tf.Tensor4D,
  activation: NormActivation,
  shortcut: tf.Tensor4D | undefined,
): tf.Tensor4D {
  if (shortcut && activation === 'relu') return addRelu(y, shortcut);
  if (shortcut) y = tf.add(y, shortcut);
  switch (activation) {
    case 'linear':
      return y;
    case 'relu':
      return tf.relu(y);
    case 'relu6':
      return tf.relu6(y);
    case 'swish':
      return swish(y);
  }
}

/** Called with a batch's mean and biased variance. */
type Moments = (mean: tf.Tensor1D, variance: tf.Tensor1D) => void;

/**
 * Normalises by the batch's mean and (biased) variance, which `moments` gets, as one operation with one
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
