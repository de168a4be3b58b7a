import * as tf from '@tensorflow/tfjs-core';
import { pickOptions } from '../../src/core/errors.js';
import { Random } from '../../src/core/random.js';
import { ResNet, type ResNetOptions } from '../../src/models/resnet.js';
import { resNetArchitecture, resNetArchitectureOptionNames } from '../../src/scaling/resnet.js';
import { arrayDataset } from '../../src/training/data/array-dataset.js';
import type { Dataset } from '../../src/training/data/dataset.js';
import type { RgbImage } from '../../src/vision/image.js';

/** Side of the images, in pixels. */
export const SIZE = 8;

/** A network of two blocks that takes milliseconds a step. */
export function tinyModel(options: ResNetOptions = {}): ResNet {
  const architecture = resNetArchitecture(20, {
    classes: 3,
    size: SIZE,
    ...pickOptions(options, resNetArchitectureOptionNames),
  });
  const stages = [
    { blocks: 1, channels: 4, outChannels: 4, squeezeChannels: 0 },
    { blocks: 1, channels: 8, outChannels: 8, squeezeChannels: 0 },
  ];
  return new ResNet({ ...architecture, stages, stemChannels: 4 }, options);
}

/** Noise that is reddish, greenish or bluish; the colour is the class. */
export function tinyData(count: number, seed = 0): Dataset {
  const random = new Random(seed);
  const labels = Array.from({ length: count }, (_, i) => i % 3);
  const images = labels.map((label): RgbImage => {
    const data = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) =>
      i % 3 === label ? 100 + random.integer(156) : random.integer(156),
    );
    return { width: SIZE, height: SIZE, data };
  });
  return arrayDataset(images, labels, ['red', 'green', 'blue']);
}

/** A network of such blocks that is right about every image of {@link tinyData}: the brightest colour's place is the label's. */
export function rightModel(labels: readonly string[]): ResNet {
  const model = tinyModel({ initialize: false, classes: labels.length });
  const set = (variable: tf.Variable, ...places: number[][]) =>
    tf.tidy(() => {
      const buffer = tf.buffer(variable.shape);
      for (const place of places) buffer.set(1, ...place);
      variable.assign(buffer.toTensor());
    });
  // Convolutions of nothing, so that blocks hand on what they get, but the first, which hands on the colours.
  for (const { variable } of model.namedVariables()) if (variable.rank === 4) set(variable);
  set(model.stem.conv.weight, ...[0, 1, 2].map((colour) => [1, 1, colour, colour]));
  const colours = ['red', 'green', 'blue'].map((name) => labels.indexOf(name));
  // The shortcut of the second stage puts two channels before the others.
  set(model.head!.weight, ...colours.flatMap((place, colour) => (place < 0 ? [] : [[colour + 2, place]])));
  set(model.head!.bias!);
  model.labels = labels;
  return model;
}
