import type { AnyModule } from '../../core/module.js';
import { stageBlocks, type Architecture } from '../../models/build-model.js';
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
export interface NameMap {
  readonly source: SourceName;
  /**
   * Whose padding, strides and epsilon the source's networks have; under other conventions its weights give other results, silently.
   * None where the source has no such model; several where they differ in nothing that evaluation shows, or where the names do not
   * tell.
   */
  readonly conventions: (architecture: Architecture) => readonly ConventionName[];
  readonly layout: Layout;
  /** Gives the function from a layer's path in a network of these sizes, such as `stages.0.1.conv1.conv`, to the source's name. */
  readonly layerNames: (architecture: Architecture) => (path: string) => string;
}

/** Every variable of the model with its place in a source's checkpoints. */
export function keyedVariables(model: ImageClassifier, { layout, layerNames }: NameMap): KeyedVariable[] {
  return keyedBy(model, layerNames(model.architecture), layout);
}

/** Every variable of any module under its path in the tree, with our order of axes. */
export function pathVariables(module: AnyModule): KeyedVariable[] {
  return keyedBy(module, (path) => path, pathLayout);
}

function keyedBy(module: AnyModule, layerName: (path: string) => string, layout: Layout): KeyedVariable[] {
  return Array.from(module.namedVariables(), (named) =>
    keyed(named, layerName(named.name.slice(0, Math.max(0, named.name.lastIndexOf('.')))), layout),
  );
}

const pathLayout: Layout = {
  key: (layer, field) => (layer ? `${layer}.${field}` : field),
  axes: () => undefined,
};

/** The names that {@link pathVariables} gives, which a network of any convention may have. */
export const modulePaths: NameMap = {
  source: 'skipscale',
  conventions: () => conventionNames,
  layout: pathLayout,
  layerNames: () => (path) => path,
};

/** A pattern of names, and what is put in its place. */
export type Renaming = readonly [RegExp, string | ((...groups: string[]) => string)];

/** The function that applies these replacements one after the other. */
export function rename(rules: readonly Renaming[]) {
  return (path: string): string =>
    rules.reduce((name, [pattern, replacement]) => name.replace(pattern, replacement as string), path);
}

/** The function from a stage's and a block's number to the block's number in the whole model. */
export function blockNumber(architecture: Architecture): (stage: string, block: string) => number {
  const counts = stageBlocks(architecture);
  const first = counts.map((_, s) => counts.slice(0, s).reduce((sum, count) => sum + count, 0));
  return (stage, block) => first[Number(stage)]! + Number(block);
}
