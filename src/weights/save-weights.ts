import { ready } from '#backends';
import { check, checkModel, checkOneOf, checkOptions } from '../core/errors.js';
import { readVariable } from '../core/take-values.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { nameMaps } from './names/index.js';
import { keras } from './names/keras.js';
import type { KeyedVariable } from './names/layout.js';
import { keyedVariables, type SourceName } from './names/name-map.js';
import { networkMetadata } from './saved.js';
import {
  writeSafetensors,
  writeSafetensorsOptionNames,
  type TensorToWrite,
  type WriteSafetensorsOptions,
} from './formats/safetensors.js';
import { writeKeras } from './formats/write-keras.js';

/** Options of {@link saveWeights}. */
export interface SaveWeightsOptions extends WriteSafetensorsOptions {
  /**
   * `'weights.h5'` for `load_weights` of Keras 3: float32 by Keras's names, and no other option goes with it. Default
   * `'safetensors'`.
   */
  readonly format?: 'safetensors' | 'weights.h5';
  /**
   * Whose names and layouts, so that its own code loads the file. Default the first source that has the model's
   * convention: torchvision where it can be.
   */
  readonly names?: SourceName;
}

/**
 * A model's weights as the bytes of a file that `loadWeights` reads. Default safetensors, under the names and in the layouts
 * of a known source, whose own strict load_state_dict takes it; its metadata has the model's name and convention, and as JSON
 * its architecture, preprocessing and labels, from which `load` builds it again.
 *
 * With `format: 'weights.h5'`, Keras's file, which takes the package h5wasm: `load_weights` of the network of
 * keras.applications that is built with `weights=None`. That of an EfficientNet normalises its input itself, as the model's
 * `preprocessing` says, of which the file has mean and deviation.
 * @throws ArgumentError where the model is fused, or the source's networks have another convention, so that the weights
 * would give other results there.
 * @throws Error where h5wasm is needed and not installed.
 */
export async function saveWeights(
  model: ImageClassifier,
  given: SaveWeightsOptions = {},
): Promise<Uint8Array> {
  checkModel('saveWeights', model);
  checkOptions('saveWeights', given, { ...writeSafetensorsOptionNames, format: true, names: true });
  const { format = 'safetensors', ...options } = given;
  checkOneOf('format', format, ['safetensors', 'weights.h5']);
  check(
    model.variables().some(({ trainable }) => !trainable),
    () => 'The model is fused, and its batch norms are gone; save it before fuse().',
  );
  await ready();
  if (format === 'safetensors') return saveSafetensors(model, options);
  const others = Object.keys(options);
  check(
    others.length === 0,
    () => `format 'weights.h5' goes without other options, and ${others.join(', ')} is given; leave it out.`,
  );
  const conventions = keras.conventions(model.architecture);
  check(
    conventions.includes(model.convention),
    () =>
      `Keras's networks have the convention '${conventions.join("' or '")}', and the model has '${model.convention}', ` +
      "so that its weights would give other results there. Build it with { convention: 'keras' }, or save safetensors.",
  );
  return writeKeras(model);
}

async function saveSafetensors(
  model: ImageClassifier,
  { dtype = 'F32', metadata = {}, names }: Omit<SaveWeightsOptions, 'format'>,
): Promise<Uint8Array> {
  const { convention, architecture } = model;
  const possible = nameMaps.filter((map) => map.conventions(architecture).includes(convention));
  const source = possible.find((map) => names === undefined || map.source === names);
  check(
    source !== undefined,
    () =>
      `${names ?? 'No known source'} has no ${architecture.name} of the convention '${convention}'` +
      (names ? `; give one of '${possible.map(({ source }) => source).join("', '")}'.` : '.'),
  );
  const tensors = new Map<string, TensorToWrite>();
  for (const keyed of keyedVariables(model, source)) tensors.set(keyed.key, await sourceTensor(keyed));
  return writeSafetensors(tensors, { dtype, metadata: { ...networkMetadata(model), ...metadata } });
}

/** A variable in the source's layout, whose order of axes gives ours. */
async function sourceTensor({ variable, axes, sourceShape }: KeyedVariable): Promise<TensorToWrite> {
  const inverse = axes?.map((_, axis) => axes.indexOf(axis));
  return { shape: sourceShape, values: await readVariable(variable, inverse) };
}
