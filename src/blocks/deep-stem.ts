import * as tf from '@tensorflow/tfjs-core';
import type { Context } from '../core/context.js';
import { Sequential } from '../layers/sequential.js';
import { ConvNorm, type ConvNormOptions } from './conv-norm.js';

/** Options of {@link DeepStem}. */
export interface DeepStemOptions extends Omit<ConvNormOptions, 'inChannels'> {
  /** The units before the last one, in order. */
  readonly first: readonly ConvNorm[];
}

/**
 * Several convolutions one after the other in the place of one large one, as in the stem of ResNet-D: `first`, and then this unit,
 * the last. Source: He et al. 2018, arXiv 1812.01187, figure 2b.
 */
export class DeepStem extends ConvNorm {
  readonly first: Sequential;

  constructor({ first, ...last }: DeepStemOptions) {
    const inChannels = first.at(-1)!.conv.weight.shape[3];
    super({ inChannels, ...last });
    this.first = new Sequential(...first);
  }

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return tf.tidy(() => super.forward(this.first.forward(x, context), context));
  }
}
