import type { Architecture } from './architecture.js';
import { efficientNetActivations, efficientNetVariants } from './efficientnet-tables.js';
import { efficientNetArchitecture, type EfficientNetArchitecture } from './efficientnet.js';
import {
  resNetArchitecture,
  resNetKinds,
  resNetShortcuts,
  resNetStems,
  type ResNetArchitecture,
} from './resnet.js';

/**
 * The architecture that a file describes, with what files of earlier versions do not have, or have by another name.
 * @returns Undefined where a part is missing, has another type, or has a name that is not known.
 */
export function parseArchitecture(saved: object): Architecture | undefined {
  const { family = 'kind' in saved ? 'resnet' : 'efficientnet' } = saved as Partial<Architecture>;
  const [complete, sample] =
    family === 'resnet'
      ? [completeResNet(saved), resNetArchitecture(20)]
      : [completeEfficientNet(saved), efficientNetArchitecture(0)];
  return isLike(complete, sample) ? (complete as Architecture) : undefined;
}

function completeResNet(saved: Partial<ResNetArchitecture>): Partial<ResNetArchitecture> {
  if (saved.family !== undefined) return saved;
  const expansion = saved.kind === 'basic' ? 1 : 4;
  const stages = mapped(saved.stages, (stage) => ({
    ...stage,
    outChannels: stage.channels * expansion,
    squeezeChannels: 0,
  }));
  return { family: 'resnet', groups: 1, ...saved, stages };
}

function completeEfficientNet({
  resolution,
  ...saved
}: Partial<EfficientNetArchitecture> & { resolution?: number }): Partial<EfficientNetArchitecture> {
  const renamed = { size: resolution, ...saved };
  if (saved.family !== undefined) return renamed;
  const stages = mapped(saved.stages, (stage) => ({ ...stage, fused: false }));
  return { family: 'efficientnet', ...renamed, stages };
}

/** Every stage completed; what is no list of objects is left as it is. */
function mapped<T extends object>(
  stages: readonly T[] | undefined,
  complete: (stage: T) => T,
): readonly T[] | undefined {
  if (!Array.isArray(stages)) return stages;
  return stages.map((stage: T) => (typeof stage === 'object' && stage !== null ? complete(stage) : stage));
}

/** What the parts that are one of several names can be. */
const names: Readonly<Record<string, readonly unknown[]>> = {
  family: ['resnet', 'efficientnet'],
  kind: resNetKinds,
  stem: resNetStems,
  shortcut: resNetShortcuts,
  variant: efficientNetVariants,
  activation: efficientNetActivations,
};

/** Whether a value has every part of the sample, each of the same type. */
function isLike(value: unknown, sample: unknown, name = ''): boolean {
  if (Array.isArray(sample))
    return Array.isArray(value) && value.length > 0 && value.every((item) => isLike(item, sample[0]));
  if (typeof sample === 'object' && sample !== null)
    return (
      typeof value === 'object' &&
      value !== null &&
      Object.entries(sample).every(([part, like]) => isLike(value[part as keyof typeof value], like, part))
    );
  // Without a head there are no classes.
  if (name === 'classes' && value === undefined) return true;
  if (typeof sample === 'number') return Number.isFinite(value) && (value as number) >= 0;
  return typeof value === typeof sample && (names[name]?.includes(value) ?? true);
}
