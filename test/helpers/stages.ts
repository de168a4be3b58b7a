import * as tf from '@tensorflow/tfjs-core';
import type { ImageClassifier } from '../../src/models/image-classifier.js';

/** The logits and, of the same pass, what the last block of every stage gave. The caller disposes of all. */
export function predictWithStages(
  model: ImageClassifier,
  images: tf.Tensor4D,
): { logits: tf.Tensor2D; stages: tf.Tensor4D[] } {
  const spies = model.stages.map((stage) => {
    const last = stage.at(-1)!;
    const forward = last.forward.bind(last);
    return jest.spyOn(last, 'forward').mockImplementation((x, context) => tf.keep(forward(x, context)));
  });
  const logits = model.predict(images);
  const stages = spies.map((spy) => spy.mock.results[0]!.value as tf.Tensor4D);
  spies.forEach((spy) => spy.mockRestore());
  return { logits, stages };
}
