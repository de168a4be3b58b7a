import { loadH5wasm } from '#h5wasm';
import type * as tf from '@tensorflow/tfjs-core';
import type { Group } from 'h5wasm';
import type { AnyModule } from '../../core/module.js';
import { readVariable } from '../../core/take-values.js';
import { BatchNorm } from '../../layers/batch-norm.js';
import { Conv2D } from '../../layers/conv2d.js';
import { DepthwiseConv2D } from '../../layers/depthwise-conv2d.js';
import type { Architecture } from '../../models/build-model.js';
import type { ImageClassifier } from '../../models/image-classifier.js';
import type { Preprocessing } from '../../models/preprocessing.js';
import { keras } from '../names/keras.js';
import { keyedVariables } from '../names/name-map.js';

/** A layer of Keras with its place in .weights.h5. */
export interface KerasLayer {
  /** Such as `conv2_block1_0_conv`. */
  readonly name: string;
  /** Its class, numbered among the layers of that class as Keras orders them, such as `conv2d_3`. */
  readonly group: string;
  /** In Keras's order, which is that of our fields. */
  readonly variables: readonly tf.Variable[];
}

/** The layers of a model that have weights, those of a class in the order of Keras's `model.layers`. */
export function kerasLayers(model: ImageClassifier): KerasLayer[] {
  const layers: { name: string; owner: AnyModule; variables: tf.Variable[] }[] = [];
  for (const { name: path, key, owner, variable } of keyedVariables(model, keras)) {
    const known = layers.find((layer) => layer.owner === owner);
    if (known) known.variables.push(variable);
    else {
      const layer = { name: key.split('/')[0]!, owner, variables: [variable] };
      // Keras orders by depth, where a shortcut's convolution stands before that of the block's last unit, and its norm
      // before that one's.
      layers.splice(path.includes('.shortcut.') ? -2 : layers.length, 0, layer);
    }
  }
  const counts = new Map<string, number>();
  return layers.map(({ name, owner, variables }) => {
    const layerClass = kerasClass(owner);
    const number = counts.get(layerClass) ?? 0;
    counts.set(layerClass, number + 1);
    return { name, group: number === 0 ? layerClass : `${layerClass}_${number}`, variables };
  });
}

function kerasClass(layer: AnyModule): string {
  if (layer instanceof BatchNorm) return 'batch_normalization';
  if (layer instanceof DepthwiseConv2D) return 'depthwise_conv2d';
  return layer instanceof Conv2D ? 'conv2d' : 'dense';
}

/** A model's weights as Keras 3's .weights.h5, written by h5wasm. */
export async function encodeKeras(model: ImageClassifier): Promise<Uint8Array> {
  const { File, ready } = await loadH5wasm();
  const module = await ready;
  module.activate_throwing_error_handler(); // Otherwise it prints its errors.
  const { FS } = module;
  const path = `/saved-${fileNumber++}.weights.h5`;
  const file = new File(path, 'w');
  try {
    const layers = file.create_group('layers');
    for (const { name, group, variables } of kerasLayers(model)) {
      const vars = createLayer(layers, group, name);
      for (const [i, variable] of variables.entries()) {
        const data = await readVariable(variable);
        vars.create_dataset({ name: `${i}`, data, shape: variable.shape });
      }
    }
    if (normalizes(model.architecture)) writeNormalization(layers, model.preprocessing);
    file.flush();
    return FS.readFile(path);
  } finally {
    file.close();
    FS.unlink(path);
  }
}

/** Whether Keras's network has a layer that normalises its input; V2-S, M and L only rescale it. */
function normalizes(architecture: Architecture): boolean {
  return architecture.family === 'efficientnet' && !['v2-s', 'v2-m', 'v2-l'].includes(architecture.variant);
}

let fileNumber = 0;

function createLayer(layers: Group, group: string, name: string): Group {
  const vars = layers.create_group(group).create_group('vars');
  vars.create_attribute('name', name);
  return vars;
}

/**
 * The layer that Keras's EfficientNets normalise their input by, after it has been divided by 255: mean, variance, and the
 * number of batches that these were measured on.
 */
function writeNormalization(layers: Group, { scale, mean, std }: Preprocessing): void {
  const vars = createLayer(layers, 'normalization', 'normalization');
  const unit = 255 * scale;
  vars.create_dataset({ name: '0', data: Float32Array.from(mean, (value) => value / unit) });
  vars.create_dataset({ name: '1', data: Float32Array.from(std, (value) => (value / unit) ** 2) });
  vars.create_dataset({ name: '2', data: BigInt64Array.of(0n), shape: [] });
}
