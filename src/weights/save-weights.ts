import * as tf from '@tensorflow/tfjs-core';
import { check } from '../core/errors.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { nameMaps } from './names/index.js';
import type { KeyedVariable } from './names/layout.js';
import { keyedVariables } from './names/name-map.js';
import { writeSafetensors, type TensorToWrite, type WriteSafetensorsOptions } from './safetensors.js';

/**
 * A model's weights as the bytes of a safetensors file, under the names and in the layouts of the first known source that
 * has the model's convention, torchvision's where it can be. `loadWeights` reads it. The file's metadata has the model's
 * name and convention, and its labels as JSON.
 * @throws ArgumentError where the model is fused.
 */
export async function saveWeights(
  model: ImageClassifier,
  { dtype = 'F32', metadata = {} }: WriteSafetensorsOptions = {},
): Promise<Uint8Array> {
  const { convention, labels, architecture } = model;
  check(
    model.variables().some(({ trainable }) => !trainable),
    () => 'The model is fused, and its batch norms are gone; save it before fuse().',
  );
  const source = nameMaps.find((map) => map.conventions(model).includes(convention));
  check(source !== undefined, () => `No known source has the convention '${convention}' of this model.`);
  const tensors = new Map<string, TensorToWrite>();
  for (const keyed of keyedVariables(model, source)) tensors.set(keyed.key, await sourceTensor(keyed));
  const own = { model: architecture.name, convention, ...(labels && { labels: JSON.stringify(labels) }) };
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
