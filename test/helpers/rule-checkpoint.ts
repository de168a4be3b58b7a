import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { keyedVariables, type NameMap } from '../../src/weights/names/name-map.js';
import type { TensorToWrite } from '../../src/weights/formats/safetensors.js';
import { ruleFloats } from './golden.js';

/**
 * A checkpoint of a source filled by the rule of test/golden/rule.py: a tensor's values follow from its key, so that a
 * wrong key gives wrong logits.
 */
export function ruleCheckpoint(model: ImageClassifier, map: NameMap): Map<string, TensorToWrite> {
  return new Map(
    keyedVariables(model, map).map(({ key, sourceShape: shape }) => {
      const count = shape.reduce((a, b) => a * b, 1);
      return [key, { shape, values: ruleFloats(key, count, ...scale(key, shape)) }];
    }),
  );
}

function scale(key: string, shape: readonly number[]): [scale: number, shift: number] {
  if (shape.length > 1) {
    const fanIn = key.includes('/')
      ? shape.slice(0, key.includes('dwconv') ? 2 : -1) // Keras's kernels
      : shape.slice(1);
    return [Math.sqrt((shape.length === 4 ? 6 : 3) / fanIn.reduce((a, b) => a * b, 1)), 0];
  }
  if (/[./](weight|gamma)$/.test(key)) return [0.2, 1];
  return /[./](running_var|moving_variance)$/.test(key) ? [0.5, 1] : [0.1, 0];
}
