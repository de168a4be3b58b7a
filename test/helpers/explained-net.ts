import * as tf from '@tensorflow/tfjs-core';
import { ConvNorm } from '../../src/blocks/conv-norm.js';
import { ResidualBlock } from '../../src/blocks/residual-block.js';
import type { Context } from '../../src/core/context.js';
import { Module } from '../../src/core/module.js';
import { Dense } from '../../src/layers/dense.js';
import { GlobalAvgPool } from '../../src/layers/pooling.js';
import { ruleValues } from './golden.js';
import { fillModule } from './torch-model.js';

/** Side of its images, in pixels. */
export const SIDE = 16;

/** A narrow residual network that no table knows; test/golden/explain.py has the same in PyTorch. */
export class ExplainedNet extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly stem = new ConvNorm({ inChannels: 3, filters: 8, kernelSize: 3, activation: 'relu' });
  readonly blocks = [
    new ResidualBlock({ kind: 'basic', inChannels: 8, channels: 8 }),
    new ResidualBlock({ kind: 'basic', inChannels: 8, channels: 16, stride: 2 }),
  ];
  readonly pool = new GlobalAvgPool();
  readonly head = new Dense({ inFeatures: 16, units: 5 });
  labels: readonly string[] | undefined = ['ant', 'bee', 'cat', 'dog', 'elk'];

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor2D {
    return tf.tidy(() => {
      const [first, second] = this.blocks;
      const maps = second!.forward(first!.forward(this.stem.forward(x, context), context), context);
      return this.head.forward(this.pool.forward(maps) as tf.Tensor2D);
    });
  }
}

/** With the weights of test/golden/rule.py. */
export function explainedNet(): ExplainedNet {
  const net = new ExplainedNet();
  fillModule(net, ({ name }) => name);
  return net;
}

/** Images of the rule, [n, SIDE, SIDE, 3]. */
export function explainedImages(n: number): tf.Tensor4D {
  return tf.tensor4d(Float32Array.from(ruleValues('images', n * SIDE * SIDE * 3)), [n, SIDE, SIDE, 3]);
}
