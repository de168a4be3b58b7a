import type { EfficientNetArchitecture } from './efficientnet.js';
import type { ResNetArchitecture } from './resnet.js';

/** All sizes of a network of either family. */
export type Architecture = ResNetArchitecture | EfficientNetArchitecture;

/** How many features the head of a network gets. */
export function headFeatures(architecture: Architecture): number {
  return architecture.family === 'resnet'
    ? architecture.stages.at(-1)!.outChannels
    : architecture.lastFilters;
}

/** How many convolutions a network has. */
export function convolutionCount(architecture: Architecture): number {
  return architecture.family === 'resnet'
    ? resNetConvolutions(architecture)
    : efficientNetConvolutions(architecture);
}

function resNetConvolutions({ kind, stem, stemChannels, shortcut, stages }: ResNetArchitecture): number {
  const inChannels = [stemChannels, ...stages.map(({ outChannels }) => outChannels)];
  const ofStages = stages.map(({ blocks, outChannels, squeezeChannels }, i) => {
    const ofBlock = (kind === 'basic' ? 2 : 3) + (squeezeChannels > 0 ? 2 : 0);
    const isProjected = shortcut !== 'pad' && shortcut !== 'none' && (i > 0 || inChannels[i] !== outChannels);
    return blocks * ofBlock + (isProjected ? 1 : 0);
  });
  const ofStem = { imagenet: 1, cifar: 1, deep: 3, 'deep-strided': 4 }[stem];
  return ofStages.reduce((a, b) => a + b, ofStem);
}

function efficientNetConvolutions({ stages, squeezeRatio }: EfficientNetArchitecture): number {
  const ofStages = stages.map(({ repeats, expandRatio, fused }) => {
    const squeeze = fused || squeezeRatio === 0 ? 0 : 2;
    return repeats * ((fused ? 1 : 2) + (expandRatio === 1 ? 0 : 1) + squeeze);
  });
  return ofStages.reduce((a, b) => a + b, 2);
}

/** The number of blocks of each stage. */
export function stageBlocks(architecture: Architecture): number[] {
  return architecture.family === 'resnet'
    ? architecture.stages.map(({ blocks }) => blocks)
    : architecture.stages.map(({ repeats }) => repeats);
}
