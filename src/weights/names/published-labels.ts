import { architectureOf } from './architecture.js';
import type { Checkpoint } from '../formats/checkpoint.js';
import { networkWeights, type NetworkWeightsOptions } from '../network-weights.js';

/** The number of ImageNet's classes. */
const IMAGENET_CLASSES = 1000;

/**
 * ImageNet's names where a file is of a published network for it with 1000 classes. Such files do not say names; that these are
 * ImageNet's, in torchvision's order, is the convention of all who publish them. Undefined of any other file: of `encode`,
 * which says the names where there are any, of other networks, and of other classes.
 * @param classes - Of the network.
 */
export async function publishedLabels(
  checkpoint: Checkpoint,
  classes: number | undefined,
  options: Pick<NetworkWeightsOptions, 'checkpointKey' | 'head'>,
): Promise<readonly string[] | undefined> {
  if (classes !== IMAGENET_CLASSES) return undefined;
  const { architecture, isSaved } = architectureOf(checkpoint, networkWeights(checkpoint, options).named);
  if (isSaved || architecture?.classes !== classes) return undefined;
  if (architecture.family === 'resnet' && architecture.stem === 'cifar') return undefined;
  const { imageNetLabels } = await import('../../models/labels/imagenet.js');
  return imageNetLabels;
}
