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

/** The number of blocks of each stage. */
export function stageBlocks(architecture: Architecture): number[] {
  return architecture.family === 'resnet'
    ? architecture.stages.map(({ blocks }) => blocks)
    : architecture.stages.map(({ repeats }) => repeats);
}

/** A saved architecture with what files of earlier versions do not have. */
export function completeArchitecture(saved: Partial<Architecture>): Partial<Architecture> {
  if (saved.family !== undefined) return saved;
  return 'kind' in saved ? completeResNet(saved) : { family: 'efficientnet', ...(saved as object) };
}

function completeResNet(saved: Partial<ResNetArchitecture>): Partial<ResNetArchitecture> {
  const expansion = saved.kind === 'basic' ? 1 : 4;
  const stages = saved.stages?.map((stage) => ({ ...stage, outChannels: stage.channels * expansion }));
  return { family: 'resnet', ...saved, stages };
}
