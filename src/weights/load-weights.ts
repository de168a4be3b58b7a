import { counted } from '../core/counted.js';
import { ready } from '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { check, checkBoolean, checkModel, checkOptions, shown } from '../core/errors.js';
import { listed } from '../core/listed.js';
import type { NamedVariable } from '../core/module.js';
import { writeTensor } from '../core/write-tensor.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { colorParts, type ColorPreprocessing } from '../models/preprocessing.js';
import { architectureOf, ignored } from './names/architecture.js';
import type { Checkpoint, HostTensor } from './formats/checkpoint.js';
import type { WeightsSource } from './sources/fetch-source.js';
import { nameMaps } from './names/index.js';
import type { KeyedVariable } from './names/layout.js';
import { keyedVariables, type SourceName } from './names/name-map.js';
import {
  describeLayers,
  headAdvice,
  networkWeights,
  unreadTensors,
  type NetworkWeights,
  type NetworkWeightsOptions,
} from './network-weights.js';
import { networkWeightsOptionNames } from './option-names.js';
import { publishedLabels } from './names/published-labels.js';
import { readSource } from './sources/read-source.js';
import { savedArchitecture, savedLabels, savedPreprocessing } from './saved.js';
import { naming } from './sources/source-name.js';

/** Options of {@link loadWeights}. */
export interface LoadWeightsOptions extends NetworkWeightsOptions {
  /**
   * Whether every variable must be in the checkpoint and every tensor of the checkpoint in the model, and the model must
   * have the convention of the source's networks, and the shortcut and the colours (`channels`, `scale`, `mean`, `std` of
   * the preprocessing) of a file of `saveWeights`, with others of which the same weights give other results. `false` loads what is in both; shapes must agree even then. Default true.
   */
  readonly strict?: boolean;
  /**
   * Parts of the model that keep their own values, whatever the checkpoint has for them: names of variables or the begin
   * of their path, such as `head` or `stages.3`. Default none.
   */
  readonly except?: readonly string[];
}

/** What {@link loadWeights} did. */
export interface LoadedWeights {
  /** Whose names the checkpoint has, such as `torchvision`. */
  readonly source: SourceName;
  /** Names of the model's variables that were loaded. */
  readonly loaded: readonly string[];
  /** Keys that the model has and the checkpoint has not. */
  readonly missing: readonly string[];
  /** Keys that the checkpoint has and the model has not. */
  readonly extra: readonly string[];
  /**
   * Where in the file the weights were, such as `state_dict_ema`, and the prefix of their names, such as `module`; empty where they
   * are all that it holds.
   */
  readonly key: string;
  /** What of the file is not the network's: objects of a training script, an optimizer's tensors, other weights. */
  readonly skipped: readonly string[];
}

/**
 * Fills a model with the weights of a checkpoint, a file of safetensors, PyTorch or Keras, whose names are
 * recognised: torchvision's, timm's, Hugging Face transformers', keras.applications', efficientnet-pytorch's, and the CIFAR
 * ResNets' of akamaster. They may be anywhere in a training's checkpoint, and their names have any prefix, such as `module.` or
 * `model._orig_mod.`; the result says where they were and what was left out.
 * A file of `saveWeights` gives the model its labels too; one of a published network with 1000 classes gives ImageNet's, unless
 * the model has labels; any other leaves the model's as they are.
 * All or nothing: after an error the model is unchanged.
 * @param source - A path, a URL, `hf://owner/name[@revision]/file`, `indexeddb://name` in browsers, a Blob or File, or the
 * file's bytes. An address may also be of the index of sharded safetensors (`model.safetensors.index.json`), or of the
 * `model.json` of a TensorFlow.js layers-model; their files lie beside it.
 * @throws Error where the file cannot be read; where it is of another network, naming it; where it does not fit otherwise,
 * listing the missing, extra and mis-shaped keys, of each at most 20, and another convention, shortcut or preprocessing of colours; where values are not
 * finite, listing their keys.
 */
export async function loadWeights(
  model: ImageClassifier,
  source: WeightsSource,
  options: LoadWeightsOptions = {},
): Promise<LoadedWeights> {
  checkModel('loadWeights', model);
  checkOptions('loadWeights', options, { ...networkWeightsOptionNames, strict: true, except: true });
  const { strict = true, except = [] } = options;
  checkBoolean('strict', strict);
  check(Array.isArray(except), () => `except is ${shown(except)}; give an array of parts, such as ['head'].`);
  const [checkpoint] = await Promise.all([readSource(source, options), ready()]);
  return naming(source, async () =>
    loadCheckpoint(model, checkpoint, options, await publishedLabels(checkpoint, model.classes, options)),
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
  const own = withoutParts(variables, except, model.architecture.name);
  const wanted = head === false ? own.filter((named) => !isOfHead(named)) : own;

  const found = wanted.flatMap((keyed) => {
    const tensor = tensors.get(keyed.key);
    return tensor ? [{ ...keyed, tensor }] : [];
  });
  const known = new Set(variables.map(({ key }) => key));
  const missing = wanted.map(({ key }) => key).filter((key) => !tensors.has(key));
  const extra = [...tensors.keys()].filter((key) => !known.has(key) && !ignored.test(key));
  const misshaped = found.flatMap(({ key, tensor, sourceShape }) =>
    sameShape(tensor.shape, sourceShape) ? [] : [`${key} is [${tensor.shape}], not [${sourceShape}]`],
  );
  const otherConvention =
    found.length === 0 || conventions.includes(model.convention)
      ? ''
      : `${source}'s networks have the convention '${conventions.join("' or '")}', and the model has ` +
        `'${model.convention}'.`;
  const problems = [
    ...(strict
      ? [
          otherConvention,
          otherShortcut(model, checkpoint),
          list('missing', missing),
          list('not in the model', extra),
          otherHead(network, wanted),
          missing.length > 0 ? unreadTensors(network).trim() : '',
        ]
      : []),
    list('of another shape', misshaped),
  ].filter(Boolean);
  if (found.length === 0 || problems.length > 0) {
    const isNamed = !isFused(variables) && !otherShortcut(model, checkpoint);
    const other = isNamed ? otherNetwork(model, checkpoint, network.named) : undefined;
    const reasons = other ? [other] : [advice(variables, found.length, source, isBuilt), ...problems];
    throw new Error(`The weights do not fit ${model.architecture.name}. ${reasons.join('\n')}`);
  }
  const notFinite = found.filter(({ tensor }) => !tensor.isFinite());
  if (notFinite.length > 0) {
    const keys = notFinite.map(({ key }) => key);
    throw new Error(`The weights hold NaN or infinity; fetch them again.\n${list('not finite', keys)}`);
  }
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
 * Throws where the stem is loaded of a file of `saveWeights` whose network sees colours in another manner. A network takes
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
  const own = Object.fromEntries(other.map((part) => [part, saved[part]]));
  throw new Error(
    `The weights do not fit the preprocessing of this ${architecture.name}: the file's ${differences.join('; ')}. ` +
      `Build the model with { preprocessing: ${JSON.stringify(own)} }, or call load(source), which does so. ` +
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
    `${headAdvice(network, head.variable.shape[0])} { head: false }, which leaves the model's own head as it is.`
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

/** A fused network has no statistics. */
function isFused(variables: readonly NamedVariable[]): boolean {
  return variables.every(({ variable }) => variable.trainable);
}

/**
 * What is wrong where `saveWeights` wrote down another shortcut than the model's: shortcuts of padding have no weights, so
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
function advice(
  variables: readonly NamedVariable[],
  found: number,
  source: string,
  isBuilt: boolean,
): string {
  if (isFused(variables)) {
    return 'The model is fused: load weights into a new one, and call fuse() after.';
  }
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

function list(what: string, keys: readonly string[]): string {
  return keys.length === 0 ? '' : `${keys.length} ${what}: ${listed(keys, 20)}`;
}

/** The variables outside of these parts. */
function withoutParts(
  variables: readonly KeyedVariable[],
  parts: readonly string[],
  model: string,
): readonly KeyedVariable[] {
  const isOf = (part: string) => (named: NamedVariable) =>
    named.name === part || named.name.startsWith(`${part}.`);
  for (const part of parts) {
    check(
      variables.some(isOf(part)),
      () => `except names '${part}', which ${model} does not have; give names such as 'head' or 'stages.3'.`,
    );
  }
  return variables.filter((named) => !parts.some((part) => isOf(part)(named)));
}

/** The source under whose names the most of the model's variables are in the checkpoint. */
export function recognise(model: ImageClassifier, tensors: ReadonlyMap<string, HostTensor>) {
  const candidates = nameMaps.map((map) => {
    const variables = keyedVariables(model, map);
    const matches = variables.filter(({ key }) => tensors.has(key)).length;
    return { source: map.source, conventions: map.conventions(model.architecture), variables, matches };
  });
  return candidates.reduce((best, candidate) => (candidate.matches > best.matches ? candidate : best));
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}

type FoundVariable = KeyedVariable & { readonly tensor: HostTensor };

/** Assigns all, or where memory is out, none; until then there are two of each. */
function assignAll(found: readonly FoundVariable[]): void {
  tf.tidy(() => {
    const values = found.map(valuesOf);
    found.forEach(({ variable }, i) => variable.assign(values[i]!));
  });
}

/** Assigns one after the other, of a model that is thrown away where memory is out. */
function assignEach(found: readonly FoundVariable[]): void {
  for (const each of found) tf.tidy(() => each.variable.assign(valuesOf(each)));
}

function valuesOf({ variable, axes, tensor }: FoundVariable): tf.Tensor {
  const values = axes ? tensor.transpose(axes) : tensor;
  return writeTensor(variable.shape, (out) => values.writeTo(out));
}
