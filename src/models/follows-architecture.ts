import { buildWithoutValues } from '../graph/backend.js';
import { buildArchitecture, parseArchitecture } from './build-model.js';
import type { ImageClassifier } from './image-classifier.js';

/**
 * Whether a network has exactly the variables that its `architecture` says. A network of a class of yours may have others:
 * then no source has names for them, and the architecture does not suffice to build it again.
 */
export function followsArchitecture(model: ImageClassifier): boolean {
  const { architecture, convention } = model;
  if (!parseArchitecture(architecture)) return false;
  const expected = buildWithoutValues(() => {
    const built = buildArchitecture(architecture, { convention, initialize: false });
    const shapes = shapesOf(built);
    built.dispose();
    return shapes;
  });
  return JSON.stringify(shapesOf(model)) === JSON.stringify(expected);
}

function shapesOf(model: ImageClassifier): [string, number[]][] {
  return Array.from(model.namedVariables(), ({ name, variable }) => [name, variable.shape]);
}
