import type { ConventionName } from '../../models/conventions.js';
import type { ImageClassifier } from '../../models/image-classifier.js';

/** How one source of checkpoints names the layers of a model. */
export interface NameMap {
  /** The source's name, for messages. */
  readonly source: string;
  /** Whose padding and epsilon the source's networks have; under others its weights give other results, silently. */
  readonly convention: ConventionName;
  /** Gives the function from a layer's path in this model, such as `stages.0.1.conv1.conv`, to the source's name. */
  readonly layerNames: (model: ImageClassifier) => (path: string) => string;
}

/** The function that applies these replacements one after the other. */
export function rename(rules: readonly (readonly [RegExp, string | ((...groups: string[]) => string)])[]) {
  return (path: string): string =>
    rules.reduce((name, [pattern, replacement]) => name.replace(pattern, replacement as string), path);
}
