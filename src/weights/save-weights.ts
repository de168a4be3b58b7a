import * as tf from '@tensorflow/tfjs-core';
import { check } from '../core/errors.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { nameMaps } from './names/index.js';
import type { KeyedVariable } from './names/layout.js';
import { keyedVariables, type SourceName } from './names/name-map.js';
import { writeSafetensors, type TensorToWrite, type WriteSafetensorsOptions } from './safetensors.js';

/** Options of {@link saveWeights}. */
export interface SaveWeightsOptions extends WriteSafetensorsOptions {
  /**
   * Whose names and layouts, so that its own code loads the file. Default the first source that has the model's
   * convention: torchvision where it can be.
   */
  readonly names?: SourceName;
}

/**
 * A model's weights as the bytes of a safetensors file, under the names and in the layouts of a known source, whose own
 * strict load_state_dict takes it. `loadWeights` reads it. The file's metadata has the model's name and convention, and as
 * JSON its architecture and labels, from which `load` builds it again.
 * @throws ArgumentError where the model is fused, or the source's networks have another convention, so that the weights
 * would give other results there.
 */
export async function saveWeights(
  model: ImageClassifier,
  { dtype = 'F32', metadata = {}, names }: SaveWeightsOptions = {},
): Promise<Uint8Array> {
  const { convention, labels, architecture } = model;
  check(
    model.variables().some(({ trainable }) => !trainable),
    () => 'The model is fused, and its batch norms are gone; save it before fuse().',
  );
  const possible = nameMaps.filter((map) => map.conventions(model).includes(convention));
  const source = possible.find((map) => names === undefined || map.source === names);
  check(
    source !== undefined,
    () =>
      `${names ?? 'No known source'} has no ${architecture.name} of the convention '${convention}'` +
      (names ? `; give one of '${possible.map(({ source }) => source).join("', '")}'.` : '.'),
  );
  const tensors = new Map<string, TensorToWrite>();
  for (const keyed of keyedVariables(model, source)) tensors.set(keyed.key, await sourceTensor(keyed));
  const own = {
    model: architecture.name,
    architecture: JSON.stringify(architecture),
    convention,
    ...(labels && { labels: JSON.stringify(labels) }),
  };
  return writeSafetensors(tensors, { dtype, metadata: { ...own, ...metadata } });
}

/** A variable in the source's layout, whose order of axes gives ours. */
async function sourceTensor({ variable, axes, sourceShape }: KeyedVariable): Promise<TensorToWrite> {
  if (!axes) return { shape: sourceShape, values: await variable.data<'float32'>() };
  const inverse = axes.map((_, axis) => axes.indexOf(axis));
  const turned = tf.transpose(variable as tf.Tensor, inverse);
  const values = await turned.data<'float32'>();
  turned.dispose();
  return { shape: sourceShape, values };
}
