import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { evaluation } from '../core/context.js';
import { checkInteger, checkModel, checkOptions } from '../core/errors.js';
import { nextTask } from '../core/next-task.js';
import { takeValues } from '../core/take-values.js';
import type { ImageClassifier } from './image-classifier.js';

/** Options of {@link warmUp}. */
export interface WarmUpOptions {
  /** Side of the images, in pixels. Default what the model is meant for. */
  readonly size?: number;
  /** Images that will be predicted together. Default 1. */
  readonly batchSize?: number;
  /** Called after each part of the model: the parts done, and all of them. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A backend that can say when it has started all it will run on; `simd` is one. */
interface StartingBackend {
  started?: () => Promise<void>;
}

/**
 * Does what a first prediction pays for besides the prediction: starts the backend and its threads, compiles, and packs
 * the weights; block by block, so that a page stays alive meanwhile. The model then predicts at full speed.
 * @throws ArgumentError where `size` or `batchSize` is not a positive integer.
 */
export async function warmUp(model: ImageClassifier, options: WarmUpOptions = {}): Promise<void> {
  checkModel('warmUp', model);
  checkOptions('warmUp', options, { size: true, batchSize: true, onProgress: true });
  const { size = model.preprocessing.size, batchSize = 1, onProgress } = options;
  checkInteger('warmUp: size', size, 1);
  checkInteger('warmUp: batchSize', batchSize, 1);
  await ready();
  await (tf.backend() as StartingBackend).started?.();
  const { stem, pool, stages, lastConv } = model;
  const parts = [stem, pool, ...stages.flat(), lastConv].filter((part) => part !== undefined);
  const total = parts.length + 1;
  let x: tf.Tensor4D = tf.zeros([batchSize, size, size, model.architecture.inputChannels]);
  try {
    for (const [done, part] of parts.entries()) {
      const y = part.forward(x, evaluation);
      x.dispose();
      x = y;
      onProgress?.(done + 1, total);
      await nextTask();
    }
    const logits = tf.tidy(() => {
      const pooled = model.globalPool.forward(x);
      return model.head ? model.head.forward(pooled) : pooled;
    });
    await takeValues(logits);
  } finally {
    x.dispose();
  }
  onProgress?.(total, total);
}
