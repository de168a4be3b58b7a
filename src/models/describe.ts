import { checkOneOf, checkOptions } from '../core/errors.js';
import type { ModelDescription } from '../graph/describe.js';
import type { EfficientNetArchitecture, ResNetArchitecture } from '../scaling/index.js';
import { resNetConventions, type ResNetConventionName } from './conventions.js';
import { describeUnbuilt } from './describe-unbuilt.js';
import { EfficientNet } from './efficientnet.js';
import { ResNet } from './resnet.js';

/** Options of {@link describeResNet}. */
export interface DescribeResNetOptions {
  /** Side of the images, in pixels. Default the architecture's. */
  readonly size?: number;
  /** Whose strides and biases. Default `'torchvision'`. */
  readonly convention?: ResNetConventionName;
}

/** Counts a ResNet layer by layer; no weights are made for it. */
export function describeResNet(
  architecture: ResNetArchitecture,
  options: DescribeResNetOptions = {},
): ModelDescription {
  checkOptions('describeResNet', options, { size: true, convention: true });
  const { size = architecture.size, convention = 'torchvision' } = options;
  checkOneOf('convention', convention, Object.keys(resNetConventions));
  return describeUnbuilt(() => new ResNet(architecture, { convention }), size);
}

/**
 * Counts an EfficientNet layer by layer; no weights are made for it.
 * @param size - Side of the images, in pixels. Default the network's.
 */
export function describeEfficientNet(
  architecture: EfficientNetArchitecture,
  size: number = architecture.size,
): ModelDescription {
  return describeUnbuilt(() => new EfficientNet(architecture), size);
}
