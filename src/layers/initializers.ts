import type { Random } from '../core/random.js';

/** Makes the first values of weights, in row-major order. */
export type Initializer = (random: Random, fans: Fans) => Float32Array;

/** What an initializer may need to know of the weights of a layer. */
export interface Fans {
  /** Number of values. */
  readonly count: number;
  /** Inputs that one output value sums over. */
  readonly fanIn: number;
  /** Outputs that one input value adds to. */
  readonly fanOut: number;
}

/**
 * Normal of variance 2 / fan-out: He et al. 2015 (arXiv 1502.01852, section 2.2, backward case), the ResNets of
 * torchvision; also EfficientNet's convolutions.
 */
export const heNormal: Initializer = (random, { count, fanOut }) =>
  random.normalArray(count, Math.sqrt(2 / fanOut));

/**
 * {@link heNormal} with what lies beyond two standard deviations drawn again, and the deviation corrected for it:
 * Keras's VarianceScaling(2, 'fan_out', 'truncated_normal').
 */
export const heTruncatedNormal: Initializer = (random, { count, fanOut }) => {
  // 0.8796… is the standard deviation of the unit normal truncated to [-2, 2].
  const deviation = Math.sqrt(2 / fanOut) / 0.87962566103423978;
  const values = random.normalArray(count, deviation);
  for (let i = 0; i < count; i++) {
    while (Math.abs(values[i]!) > 2 * deviation) values[i] = random.normalArray(1, deviation)[0]!;
  }
  return values;
};

/** Uniform within ±sqrt(6 / (fan-in + fan-out)): Glorot and Bengio 2010, Keras's default. */
export const glorotUniform: Initializer = (random, { count, fanIn, fanOut }) => {
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  return random.uniformArray(count, -limit, limit);
};

/** Uniform within ±1/sqrt(fan-in): what PyTorch's nn.Linear starts with, and so torchvision's ResNet head. */
export const uniformFanIn: Initializer = (random, { count, fanIn }) => {
  const limit = 1 / Math.sqrt(fanIn);
  return random.uniformArray(count, -limit, limit);
};

/** Uniform within ±1/sqrt(fan-out), that is 1/sqrt(classes) for a head: EfficientNet's dense layer. */
export const uniformFanOut: Initializer = (random, { count, fanOut }) => {
  const limit = 1 / Math.sqrt(fanOut);
  return random.uniformArray(count, -limit, limit);
};

/** All zero: biases, and layers whose values will be loaded. */
export const zeros: Initializer = (_random, { count }) => new Float32Array(count);
