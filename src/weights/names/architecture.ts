import { counted } from '../../core/counted.js';
import {
  modelArchitecture,
  convolutionCount,
  countWeights,
  describeArchitecture,
  modelNames,
  stageBlocks,
  type Architecture,
} from '../../models/build-model.js';
import type { Checkpoint, HostTensor } from '../formats/checkpoint.js';
import { savedArchitecture } from '../saved.js';

/** Keys that no forward pass here needs: PyTorch's counts, Keras's layer of preprocessing and its random states. */
export const ignored = /(^|\.)num_batches_tracked$|^normalization(_\d+)?\/|(^|\/)seed_generator/;

/**
 * The network that a checkpoint is of: the one that `encode` wrote down, or the published one that has as many weights.
 * @param tensors - Of the checkpoint, the network's.
 */
export function architectureOf(
  checkpoint: Checkpoint,
  tensors: ReadonlyMap<string, HostTensor>,
): { readonly architecture: Architecture | undefined; readonly isSaved: boolean } {
  const saved = fittingArchitecture(checkpoint, tensors);
  return { architecture: saved ?? inferArchitecture(tensors), isSaved: saved !== undefined };
}

/**
 * The architecture that `encode` wrote down; undefined where there is none that has as many weights as the checkpoint.
 */
function fittingArchitecture(
  checkpoint: Checkpoint,
  tensors: ReadonlyMap<string, HostTensor>,
): Architecture | undefined {
  const architecture = savedArchitecture(checkpoint);
  if (!architecture) return undefined;
  try {
    const blocks = stageBlocks(architecture);
    // A file may lie; its network is as large as its weights all the same.
    const isPossible = blocks.every((count) => count <= tensors.size) && blocks.length <= tensors.size;
    if (!isPossible || !hasCount(architecture, weightCount(tensors))) return undefined;
    describeArchitecture(architecture); // It throws where the layers do not fit each other.
    return architecture;
  } catch {
    return undefined; // No network can be built of it.
  }
}

/** The classes of the head; undefined where there is none. */
function classesOf(tensors: ReadonlyMap<string, HostTensor>): number | undefined {
  const head = weights(tensors).find(([, { shape }]) => shape.length === 2);
  // PyTorch's matrix is [classes, features], Keras's [features, classes].
  return head && head[1].shape[head[0].includes('/') ? 1 : 0];
}

/** What is known of weights of no published network. */
export function describeWeights(tensors: ReadonlyMap<string, HostTensor>): string {
  const classes = classesOf(tensors);
  return `${weightCount(tensors)} weights with ${classes === undefined ? 'no head' : counted(classes, 'class', 'classes')}`;
}

/** The published network that has as many weights. */
function inferArchitecture(tensors: ReadonlyMap<string, HostTensor>): Architecture | undefined {
  const classes = classesOf(tensors);
  if (classes === 0) return undefined;
  const options = classes === undefined ? { includeTop: false } : { classes };
  const count = weightCount(tensors);
  // Counting all weights takes longer.
  const convolutions = weights(tensors).filter(([, { shape }]) => shape.length === 4).length;
  for (const name of modelNames) {
    const architecture = modelArchitecture(name, options);
    if (convolutionCount(architecture) !== convolutions) continue;
    if (hasCount(architecture, count)) return architecture;
  }
  return undefined;
}

function weights(tensors: ReadonlyMap<string, HostTensor>): [string, HostTensor][] {
  return Array.from(tensors).filter(([key]) => !ignored.test(key));
}

/** Of all weights, running statistics included. */
function weightCount(tensors: ReadonlyMap<string, HostTensor>): number {
  return weights(tensors).reduce((sum, [, { size }]) => sum + size, 0);
}

function hasCount(architecture: Architecture, count: number): boolean {
  // Keras's ResNets have biases.
  const conventions = architecture.family === 'resnet' ? (['torchvision', 'keras'] as const) : [undefined];
  return conventions.some((convention) => countWeights(architecture, { convention }) === count);
}
