import { check } from '../../core/errors.js';
import type { ImageClassifier } from '../../models/image-classifier.js';
import type { NamedParameter } from './rule.js';

/**
 * Scales of the learning rate for fine-tuning: 1 for the head, `decay` for what comes before it, and so on by powers
 * down to the stem. The parts are the stem, each stage, the last convolution where there is one, and the head. Source:
 * Clark et al. 2020, arXiv 2003.10555; give it to an optimizer as `rateScale`.
 * @param decay - In (0, 1].
 * @throws ArgumentError where `decay` is out of range.
 */
export function layerDecay(model: ImageClassifier, decay: number): (parameter: NamedParameter) => number {
  check(decay > 0 && decay <= 1, () => `decay is ${decay}; give a number in (0, 1], such as 0.75.`);
  const stages = model.stages.map((_, i) => `stages.${i}.`);
  const parts = ['stem.', ...stages, ...(model.lastConv ? ['lastConv.'] : []), 'head.'];
  return ({ name }) => decay ** (parts.length - 1 - parts.findIndex((part) => name.startsWith(part)));
}
