/** What `encode` writes about a network in addition to its weights, and what `load` reads of it. */
import { parseArchitecture, type Architecture } from '../models/build-model.js';
import { conventionNames, type ConventionName } from '../models/conventions.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import {
  impossiblePart,
  neededParts,
  preprocessingParts,
  type Preprocessing,
} from '../models/preprocessing.js';
import { CheckpointError, type Checkpoint } from './formats/checkpoint.js';
import { isLabels, isRecord } from './formats/json-values.js';

/**
 * The metadata of a file of these weights.
 * @param isOfFamily - Whether the architecture says all of the network.
 */
export function networkMetadata(model: ImageClassifier, isOfFamily: boolean): Record<string, string> {
  const { architecture, convention, labels, preprocessing } = model;
  return {
    model: architecture.name,
    ...(isOfFamily && { architecture: JSON.stringify(architecture) }),
    convention,
    preprocessing: JSON.stringify(preprocessing),
    ...(labels && { labels: JSON.stringify(labels) }),
  };
}

/** The architecture; a file may lie, so that it has to be compared with the weights. */
export function savedArchitecture(checkpoint: Checkpoint): Architecture | undefined {
  const saved = savedRecord<Architecture>(checkpoint, 'architecture');
  return saved && parseArchitecture(saved);
}

/** Whose numeric conventions the network follows. */
export function savedConvention({ metadata }: Checkpoint): ConventionName | undefined {
  return conventionNames.find((name) => name === metadata.get('convention'));
}

/** The names of the classes, where there are as many as the model has. */
export function savedLabels(
  checkpoint: Checkpoint,
  classes: number | undefined,
): readonly string[] | undefined {
  const labels = savedJson(checkpoint, 'labels');
  return isLabels(labels) && labels.length === classes ? labels : undefined;
}

/**
 * How images become the network's input; undefined where it is not there, or another program's words are.
 * @throws CheckpointError where a value is none that could be.
 */
export function savedPreprocessing(checkpoint: Checkpoint): Preprocessing | undefined {
  const saved = savedRecord<Preprocessing>(checkpoint, 'preprocessing');
  if (saved?.size === undefined) return undefined;
  if (impossiblePart(saved, neededParts) !== undefined) {
    const text = checkpoint.metadata.get('preprocessing');
    throw new CheckpointError(`The preprocessing in this file cannot be: ${text}. Save the model again.`);
  }
  const known = preprocessingParts.filter((part) => saved[part] !== undefined);
  return Object.fromEntries(known.map((part) => [part, saved[part]])) as unknown as Preprocessing;
}

function savedRecord<T>(checkpoint: Checkpoint, name: string): Partial<T> | undefined {
  const value = savedJson(checkpoint, name);
  return isRecord(value) ? (value as Partial<T>) : undefined;
}

/** What stands by this name; undefined where there are another program's words by it. */
function savedJson({ metadata }: Checkpoint, name: string): unknown {
  try {
    return JSON.parse(metadata.get(name) ?? 'null');
  } catch {
    return undefined;
  }
}
