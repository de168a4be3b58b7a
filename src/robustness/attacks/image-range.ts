import * as tf from '@tensorflow/tfjs-core';
import type { AnyModule } from '../../core/module.js';
import type { ColorPreprocessing } from '../../models/preprocessing.js';
import { colorsOf, type InputManner } from '../../vision/preprocess.js';

/**
 * The preprocessing that gives images as attacks take them, from 0 to 1:
 *
 * ```ts
 * const images = await preprocess(files, { ...model.preprocessing, ...unitPixels });
 * ```
 */
export const unitPixels: ColorPreprocessing = {
  channels: 'rgb',
  scale: 1 / 255,
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

/**
 * How images from 0 to 1 become a network's input: as `manner` says, by default as the network's `preprocessing` says. Undefined
 * where neither is there: the network then takes the images as they are.
 */
export function colorsOfNetwork(network: AnyModule, manner?: InputManner): ColorPreprocessing | undefined {
  if (manner !== undefined) return colorsOf(manner);
  return 'preprocessing' in network ? colorsOf(network as { preprocessing: ColorPreprocessing }) : undefined;
}

/** Images from 0 to 1 as a network's input, by operations that have gradients. */
export function toInput<T extends tf.Tensor>(images: T, colors: ColorPreprocessing | undefined): T {
  if (colors === undefined) return tf.clone(images);
  const { factor, shift } = lineOf(colors);
  return tf.tidy(() => {
    const ordered = colors.channels === 'rgb' ? images : tf.reverse(images, -1);
    return tf.add(tf.mul(ordered, tf.tensor1d(factor)), tf.tensor1d(shift)) as T;
  });
}

/** What {@link toInput} undoes: a network's input as images from 0 to 1. */
export function fromInput<T extends tf.Tensor>(input: T, colors: ColorPreprocessing | undefined): T {
  if (colors === undefined) return tf.clone(input);
  const { factor, shift } = lineOf(colors);
  return tf.tidy(() => {
    const ordered = tf.div(tf.sub(input, tf.tensor1d(shift)), tf.tensor1d(factor));
    const rgb = colors.channels === 'rgb' ? ordered : tf.reverse(ordered, -1);
    return tf.clipByValue(rgb, 0, 1) as T;
  });
}

/** (255 * scale * x - mean) / std, as factor * x + shift. */
function lineOf({ scale, mean, std }: ColorPreprocessing): { factor: number[]; shift: number[] } {
  return {
    factor: std.map((deviation) => (255 * scale) / deviation),
    shift: mean.map((value, i) => -value / std[i]!),
  };
}
