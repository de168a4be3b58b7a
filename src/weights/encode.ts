import { ready } from '#backends';
import { ArgumentError, check, checkModule, checkOneOf, checkOptions } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { readVariable } from '../core/take-values.js';
import { followsArchitecture } from '../models/follows-architecture.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { isImageClassifier } from '../models/is-image-classifier.js';
import { nameMaps } from './names/index.js';
import { keras } from './names/keras.js';
import type { KeyedVariable } from './names/layout.js';
import { keyedVariables, pathVariables, type SourceName } from './names/name-map.js';
import { networkMetadata } from './saved.js';
import {
  encodeSafetensors,
  encodeSafetensorsOptionNames,
  type TensorToWrite,
  type EncodeSafetensorsOptions,
} from './formats/safetensors.js';
import { encodeKeras } from './formats/encode-keras.js';

/** Options of {@link encode}. */
export interface EncodeOptions extends EncodeSafetensorsOptions {
  /**
   * `'weights.h5'` for `load_weights` of Keras 3: float32 by Keras's names, and no other option goes with it. Default
   * `'safetensors'`.
   */
  readonly format?: 'safetensors' | 'weights.h5';
  /**
   * Whose names and layouts, so that this source's code loads the file. Default the first source that has the model's
   * convention: torchvision where it can be. Other networks than ResNets and EfficientNets have `'skipscale'` only: the paths of
   * their variables, and our order of axes.
   */
  readonly names?: SourceName;
}

/**
 * A network's weights as the bytes of a file that `load` reads. Default safetensors. A fused network gives the
 * same file as before `fuse`.
 *
 * Of any Module, the keys are the paths of its variables, such as `body.first.conv.weight`; a shared variable is there once.
 * A module in a `#private` field cannot be seen here, since nothing is run, and is not in the file. `seeded`, `allOrNothing`,
 * `train`, `evaluate` and `summary` find it and throw.
 *
 * Of a ResNet or an EfficientNet, the keys are the names and layouts
 * of a known source, whose strict load_state_dict takes the file; its metadata has the model's name and convention, and as JSON
 * its architecture, preprocessing and labels, from which `load` builds it again.
 *
 * With `format: 'weights.h5'`, Keras's file, which takes the package h5wasm: `load_weights` of the network of
 * keras.applications that is built with `weights=None`. That of an EfficientNet normalises its input itself, as the model's
 * `preprocessing` says, of which the file has mean and deviation.
 * @throws ArgumentError where the source's networks have another convention, so that the weights would give other results
 * there; where a variable is not of float32.
 * @throws Error where h5wasm is needed and not installed.
 */
export async function encode(model: AnyModule, given: EncodeOptions = {}): Promise<Uint8Array> {
  checkModule('encode', model);
  checkOptions('encode', given, { ...encodeSafetensorsOptionNames, format: true, names: true });
  const { format = 'safetensors', ...options } = given;
  checkOneOf('format', format, ['safetensors', 'weights.h5']);
  checkVariables(model);
  await ready();
  if (format === 'safetensors') return saveSafetensors(model, options);
  const others = Object.keys(options);
  check(
    others.length === 0,
    () => `format 'weights.h5' goes without other options, and ${others.join(', ')} is given; leave it out.`,
  );
  if (!isImageClassifier(model) || !followsArchitecture(model)) {
    throw new ArgumentError(
      "format 'weights.h5' is for ResNets and EfficientNets; save other networks as safetensors.",
    );
  }
  const conventions = keras.conventions(model.architecture);
  check(
    conventions.includes(model.convention),
    () =>
      `Keras's networks have the convention '${conventions.join("' or '")}', and the model has '${model.convention}', ` +
      "so that its weights would give other results there. Build it with { convention: 'keras' }, or save safetensors.",
  );
  return encodeKeras(model);
}

/** Throws unless a file of the variables can give back the same network. */
function checkVariables(model: AnyModule): void {
  const variables = [...model.namedVariables()];
  check(
    variables.length > 0,
    () => `This ${model.constructor.name} has no variables, so there is nothing to save.`,
  );
  const other = variables.find(({ variable }) => variable.dtype !== 'float32');
  check(
    other === undefined,
    () =>
      `The variable ${other!.name} is of ${other!.variable.dtype}; make it of float32, which is what files keep here.`,
  );
}

async function saveSafetensors(
  model: AnyModule,
  { dtype = 'F32', metadata = {}, names }: Omit<EncodeOptions, 'format'>,
): Promise<Uint8Array> {
  const isOfFamily = isImageClassifier(model) && followsArchitecture(model);
  const keyed = isOfFamily ? sourceVariables(model, names) : moduleVariables(model, names);
  const tensors = new Map<string, TensorToWrite>();
  for (const each of keyed) tensors.set(each.key, await sourceTensor(each));
  const facts = isImageClassifier(model) ? networkMetadata(model, isOfFamily) : {};
  return encodeSafetensors(tensors, { dtype, metadata: { ...facts, ...metadata } });
}

function sourceVariables(model: ImageClassifier, names: SourceName | undefined): KeyedVariable[] {
  const { convention, architecture } = model;
  const possible = nameMaps.filter((map) => map.conventions(architecture).includes(convention));
  const source = possible.find((map) => names === undefined || map.source === names);
  check(
    source !== undefined,
    () =>
      `${names} has no ${architecture.name} of the convention '${convention}'; ` +
      `give one of '${possible.map(({ source }) => source).join("', '")}'.`,
  );
  return keyedVariables(model, source);
}

function moduleVariables(module: AnyModule, names: SourceName = 'skipscale'): KeyedVariable[] {
  check(
    names === 'skipscale',
    () =>
      `names is '${names}', which has no ${module.constructor.name}; leave it out, and the paths of variables are the names.`,
  );
  return pathVariables(module);
}

/** A variable in the source's layout, whose order of axes gives ours. */
async function sourceTensor({ variable, axes, sourceShape }: KeyedVariable): Promise<TensorToWrite> {
  const inverse = axes?.map((_, axis) => axes.indexOf(axis));
  return { shape: sourceShape, values: await readVariable(variable, inverse) };
}
