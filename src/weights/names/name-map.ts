import type { AnyModule } from '../../core/module.js';
import { conventionNames, type ConventionName } from '../../models/convention-names.js';
import type { ImageClassifier } from '../../models/image-classifier.js';
import { keyed, type KeyedVariable, type Layout } from './layout.js';

/** A source of checkpoints, or the package that has its names. */
export type SourceName =
  | 'torchvision'
  | 'timm'
  | 'huggingface'
  | 'keras'
  | 'pytorch_resnet_cifar10'
  | 'efficientnet-pytorch'
  | 'skipscale';

/** How one source of checkpoints names the layers of a model. */
export interface NameMap<Network extends AnyModule = ImageClassifier> {
  readonly source: SourceName;
  /**
   * Whose padding, strides and epsilon the source's networks have; under other conventions its weights give other results, silently.
   * None where the source has no such model; several where they differ in nothing that evaluation shows, or where the names do not
   * tell.
   */
  readonly conventions: (model: Network) => readonly ConventionName[];
  readonly layout: Layout;
  /** Gives the function from a layer's path in this model, such as `stages.0.1.conv1.conv`, to the source's name. */
  readonly layerNames: (model: Network) => (path: string) => string;
}

/** Every variable of the model with its place in a source's checkpoints. */
export function keyedVariables<Network extends AnyModule>(
  model: Network,
  { layout, layerNames }: NameMap<Network>,
): KeyedVariable[] {
  const layerName = layerNames(model);
  return Array.from(model.namedVariables(), (named) =>
    keyed(named, layerName(named.name.slice(0, Math.max(0, named.name.lastIndexOf('.')))), layout),
  );
}

/** The names of this library, for any module: paths in its tree, and its order of axes. */
export const modulePaths: NameMap<AnyModule> = {
  source: 'skipscale',
  conventions: () => conventionNames,
  layout: { key: (layer, field) => (layer ? `${layer}.${field}` : field), axes: () => undefined },
  layerNames: () => (path) => path,
};

/** The function that applies these replacements one after the other. */
export function rename(rules: readonly (readonly [RegExp, string | ((...groups: string[]) => string)])[]) {
  return (path: string): string =>
    rules.reduce((name, [pattern, replacement]) => name.replace(pattern, replacement as string), path);
}

/** The function from a stage's and a block's number to the block's number in the whole model. */
export function blockNumber({ stages }: ImageClassifier): (stage: string, block: string) => number {
  const first = stages.map((_, s) => stages.slice(0, s).reduce((sum, stage) => sum + stage.length, 0));
  return (stage, block) => first[Number(stage)]! + Number(block);
}
