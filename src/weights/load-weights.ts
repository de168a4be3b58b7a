import { ready } from '#backends';
import { counted } from '../core/counted.js';
import { check, checkBoolean, checkModule, checkOptions, shown } from '../core/errors.js';
import type { AnyModule, NamedVariable } from '../core/module.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { isImageClassifier } from '../models/is-image-classifier.js';
import { colorParts, type ColorPreprocessing } from '../models/preprocessing.js';
import { architectureOf } from './names/architecture.js';
import type { Checkpoint, HostTensor } from './formats/checkpoint.js';
import type { WeightsSource } from './sources/source-name.js';
import { nameMaps, nameMapsOf } from './names/index.js';
import type { KeyedVariable } from './names/layout.js';
import { keyedVariables } from './names/name-map.js';
import { loadModule } from './load-module.js';
import type { LoadedWeights, LoadWeightsOptions } from './loaded-weights.js';
import {
  assignAll,
  assignEach,
  checkFinite,
  matchVariables,
  problemsOf,
  withoutParts,
  type FoundVariable,
} from './match-variables.js';
import {
  describeLayers,
  headAdvice,
  networkWeights,
  unreadTensors,
  type NetworkWeights,
} from './network-weights.js';
import { networkWeightsOptionNames } from './option-names.js';
import { publishedLabels } from './names/published-labels.js';
import { readSource } from './sources/read-source.js';
import { savedArchitecture, savedLabels, savedPreprocessing } from './saved.js';
import { naming } from './sources/source-name.js';

/** What `load` does with a network that is there already. */
export async function loadWeights(
  model: AnyModule,
  source: WeightsSource,
  options: LoadWeightsOptions = {},
): Promise<LoadedWeights> {
  checkModule('load', model);
  checkOptions('load', options, { ...networkWeightsOptionNames, strict: true, except: true });
  const { strict = true, except = [] } = options;
  checkBoolean('strict', strict);
  check(Array.isArray(except), () => `except is ${shown(except)}; give an array of parts, such as ['head'].`);
  const [checkpoint] = await Promise.all([readSource(source, options), ready()]);
  return naming(source, async () =>
    isImageClassifier(model)
      ? loadCheckpoint(model, checkpoint, options, await publishedLabels(checkpoint, model.classes, options))
      : loadModule(model, checkpoint, options),
  );
}

/**
 * As {@link loadWeights}, of a checkpoint that has been read.
 * @param labels - What the classes are called where neither the checkpoint nor the model says it.
 * @param isBuilt - Whether the model was built for the checkpoint, and is thrown away after an error.
 */
export function loadCheckpoint(
  model: ImageClassifier,
  checkpoint: Checkpoint,
  { strict = true, except = [], checkpointKey, head }: LoadWeightsOptions,
  labels?: readonly string[],
  isBuilt = false,
): LoadedWeights {
  const network = networkWeights(checkpoint, { checkpointKey, head });
  const { tensors, key, skipped } = network;
  const { source, conventions, variables } = recognise(model, tensors);
  const kept = withoutParts(variables, except, model.architecture.name);
  const wanted = head === false ? kept.filter((named) => !isOfHead(named)) : kept;

  const match = matchVariables(wanted, variables, tensors);
  const { found, missing, extra } = match;
  const otherConvention =
    found.length === 0 || conventions.includes(model.convention)
      ? ''
      : `${source}'s networks have the convention '${conventions.join("' or '")}', and the model has ` +
        `'${model.convention}'.`;
  const problems = [
    ...(strict ? [otherConvention, otherShortcut(model, checkpoint)] : []),
    ...problemsOf(match, strict),
    ...(strict ? [otherHead(network, wanted), missing.length > 0 ? unreadTensors(network).trim() : ''] : []),
  ].filter(Boolean);
  if (found.length === 0 || problems.length > 0) {
    const isNamed = !otherShortcut(model, checkpoint);
    const other = isNamed ? otherNetwork(model, checkpoint, network.named) : undefined;
    const reasons = other ? [other] : [advice(found.length, source, isBuilt), ...problems];
    throw new Error(`The weights do not fit ${model.architecture.name}. ${reasons.join('\n')}`);
  }
  checkFinite(found);
  if (strict && !isBuilt) checkSameColors(model, checkpoint, found);
  if (isBuilt) assignEach(found);
  else assignAll(found);
  // The names are of the file's head, which may not have been loaded.
  if (found.some(({ variable }) => variable === model.head?.weight)) {
    // The classes of a head of another name are not known.
    model.labels =
      head === undefined ? (savedLabels(checkpoint, model.classes) ?? model.labels ?? labels) : undefined;
  }
  return { source, loaded: found.map(({ name }) => name), missing, extra, key, skipped };
}

/**
 * Throws where the stem is loaded of a file of `encode` whose network sees colours in another manner. A network takes
 * images of any size, so that the sides may differ.
 */
function checkSameColors(
  { preprocessing, architecture }: ImageClassifier,
  checkpoint: Checkpoint,
  found: readonly FoundVariable[],
): void {
  const saved = savedPreprocessing(checkpoint);
  if (!saved || !found.some(({ name }) => name.startsWith('stem.'))) return;
  const text = (part: keyof ColorPreprocessing, of: ColorPreprocessing) => JSON.stringify(of[part]);
  const other = colorParts.filter((part) => text(part, saved) !== text(part, preprocessing));
  if (other.length === 0) return;
  const differences = other.map(
    (part) => `${part} is ${text(part, saved)}, and the model's is ${text(part, preprocessing)}`,
  );
  const savedParts = Object.fromEntries(other.map((part) => [part, saved[part]]));
  throw new Error(
    `The weights do not fit the preprocessing of this ${architecture.name}: the file's ${differences.join('; ')}. ` +
      `Build the model with { preprocessing: ${JSON.stringify(savedParts)} }, or call load(source), which does so. ` +
      "({ strict: false } keeps the model's.)",
  );
}

function isOfHead({ name }: NamedVariable): boolean {
  return name.startsWith('head.');
}

/** What to do where the model's head is not in the checkpoint. */
function otherHead(network: NetworkWeights, wanted: readonly KeyedVariable[]): string {
  const head = wanted.find((named) => isOfHead(named) && named.variable.rank === 2);
  if (!head || network.tensors.has(head.key)) return '';
  return (
    `The head ${head.key} is not in the file; ${describeLayers(network.denseLayers)}. ` +
    `${headAdvice(network, head.variable.shape[0])} { head: false }, which leaves the model's head as it is.`
  );
}

/** Where the weights are of another network that is known: which one, in the place of hundreds of names. */
function otherNetwork(
  { architecture: { name } }: ImageClassifier,
  checkpoint: Checkpoint,
  tensors: ReadonlyMap<string, HostTensor>,
): string | undefined {
  const { architecture } = architectureOf(checkpoint, tensors);
  if (architecture === undefined || architecture.name === name) return undefined;
  const { name: other, classes } = architecture;
  const head = classes === undefined ? 'without head' : `with ${counted(classes, 'class', 'classes')}`;
  return (
    `They are of ${other}, ${head}: build that one, or call load(source), which builds the network that a file is ` +
    'of. ({ strict: false } loads what is in both; shapes have to agree even then.)'
  );
}

/**
 * What is wrong where `encode` wrote down another shortcut than the model's: shortcuts of padding have no weights, so
 * that a plain network's fit a ResNet.
 */
function otherShortcut({ architecture }: ImageClassifier, checkpoint: Checkpoint): string {
  if (!('shortcut' in architecture)) return '';
  const saved = (savedArchitecture(checkpoint) ?? {}) as { shortcut?: unknown };
  const { shortcut = architecture.shortcut } = saved;
  if (shortcut === architecture.shortcut) return '';
  const name = typeof shortcut === 'string' ? shortcut : JSON.stringify(shortcut);
  return `The weights are of a network with the shortcut '${name}', and the model has '${architecture.shortcut}'.`;
}

/** What to do where weights do not fit. */
function advice(found: number, source: string, isBuilt: boolean): string {
  if (found === 0) {
    const known = nameMaps.map(({ source }) => source).join(', ');
    return `None of their names is one that ${known} would give; load the weights that one of these saved.`;
  }
  const compared = `Their names were compared with ${source}'s.`;
  if (isBuilt) return compared;
  return (
    `${compared} Build the model that the weights were made for. ` +
    '({ strict: false } loads what is in both, whatever the convention; shapes have to agree even then.)'
  );
}

/** The source under whose names the most of the model's variables are in the checkpoint. */
export function recognise(model: ImageClassifier, tensors: ReadonlyMap<string, HostTensor>) {
  const candidates = nameMapsOf(model.architecture).map((map) => {
    const conventions = map.conventions(model.architecture);
    const variables = keyedVariables(model, map);
    const matches = variables.filter(({ key }) => tensors.has(key)).length;
    return { source: map.source, conventions, variables, matches };
  });
  return candidates.reduce((best, candidate) => (candidate.matches > best.matches ? candidate : best));
}
