import { ready } from '#backends';
import { check, checkInteger, checkModule, checkOptions } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { nextTask } from '../core/next-task.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { checkDataset } from '../training/data/check-dataset.js';
import type { Dataset } from '../training/data/dataset.js';
import { fit } from '../training/inputs.js';
import type { RgbImage } from '../vision/image.js';
import { normalize } from '../vision/preprocess.js';
import { contactSheet, tileOf } from './contact-sheet.js';
import { mapLayer } from './layer.js';
import { layerOutput } from './passes.js';
import { resizeMap } from './resize-map.js';
import { subjectOf, type ExplainInput } from './subject.js';
import { batchOf } from './variants.js';

/** Options of {@link featureImage}. */
export interface FeatureImageOptions {
  /** The layer, by its path, such as `stages.0`. Default the last layer whose output is a map. */
  readonly layer?: string;
  /** How many channels are shown, those with the largest means. Default 64, or as many as there are. */
  readonly channels?: number;
  /** Pixels of the picture for each place of a map. Default so that a map has about 64. */
  readonly scale?: number;
}

/** What a layer makes of an image: a picture of its channels, and which they are. */
export interface FeatureImage {
  readonly picture: RgbImage;
  /** The channels in the order of the picture, the one with the largest mean first. */
  readonly channels: readonly number[];
  readonly layer: string;
}

/**
 * What a layer makes of each image, its channels side by side; each from its least value, black, to its largest, light.
 * @throws ArgumentError where an argument does not fit, the layer is none that has a map and runs once, or its values are not finite.
 */
export async function featureImage(
  model: AnyModule,
  x: ExplainInput,
  options: FeatureImageOptions = {},
): Promise<FeatureImage[]> {
  checkOptions('featureImage', options, { layer: true, channels: true, scale: true });
  const subject = await subjectOf('featureImage', model, x, {}, {} as never);
  const { path: layer, module } = mapLayer(subject, options.layer);
  const result: FeatureImage[] = [];
  for (let image = 0; image < subject.count; image++) {
    const values = subject.values.slice(image * subject.size, (image + 1) * subject.size);
    const { activations, shape } = await layerOutput(model, module, batchOf(subject, values));
    checkFinite('featureImage', activations);
    const [height, width, depth] = shape;
    const { channels: count = Math.min(64, depth), scale = Math.max(1, Math.round(64 / height)) } = options;
    checkInteger('featureImage: channels', count, 1);
    checkInteger('featureImage: scale', scale, 1);
    const means = channelMeans(activations, depth);
    const order = Array.from(means.keys()).sort((a, b) => means[b]! - means[a]!);
    const channels = order.slice(0, count);
    const tiles = channels.map((channel) =>
      tileOf(
        activations.filter((_, i) => i % depth === channel),
        height,
        width,
      ),
    );
    result.push({ picture: contactSheet(tiles, scale), channels, layer });
    await nextTask();
  }
  return result;
}

/** @throws ArgumentError where values cannot be drawn, or compared. */
function checkFinite(where: string, values: Float32Array): void {
  check(
    values.every(Number.isFinite),
    () => `${where}: the layer gave values that are not finite; check the network's weights and the images.`,
  );
}

function channelMeans(activations: Float32Array, depth: number): Float64Array {
  const sums = new Float64Array(depth);
  for (let i = 0; i < activations.length; i++) sums[i % depth]! += activations[i]!;
  return sums.map((sum) => (sum * depth) / activations.length);
}

/** Options of {@link topImages}. */
export interface TopImagesOptions {
  /** As of {@link featureImage}. */
  readonly layer?: string;
  /** The channel of the layer. */
  readonly channel: number;
  /** How many images. Default 9. */
  readonly count?: number;
  /** Images that go through the network together. Default 32. */
  readonly batchSize?: number;
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Stops between two batches, with the signal's reason as error. */
  readonly signal?: AbortSignal;
}

/** An image that a channel answers to. */
export interface TopImage {
  /** Its place in the data. */
  readonly index: number;
  /** The largest value of the channel's map. */
  readonly activation: number;
  /** What the network saw. */
  readonly image: RgbImage;
  /** The channel's map, height * width values of the image's size. */
  readonly map: Float32Array;
}

/**
 * The images of a data set that a channel of a layer answers to most, the strongest first: what the channel looks for. Source: Zeiler
 * and Fergus 2013, arXiv 1311.2901, figure 2.
 * @throws ArgumentError where an argument does not fit, the layer is none that has a map and runs once, or its values are not finite.
 */
export async function topImages(
  model: ImageClassifier,
  data: Dataset,
  options: TopImagesOptions,
): Promise<TopImage[]> {
  checkModule('topImages', model);
  checkDataset('topImages', data);
  checkOptions('topImages', options, {
    layer: true,
    channel: true,
    count: true,
    batchSize: true,
    onProgress: true,
    signal: true,
  });
  const { channel, count = 9, batchSize = 32, onProgress, signal } = options;
  checkInteger('topImages: channel', channel, 0);
  checkInteger('topImages: count', count, 1);
  checkInteger('topImages: batchSize', batchSize, 1);
  await ready();
  const total = data.labels.length;
  let top: TopImage[] = [];
  let module: AnyModule | undefined;
  for (let first = 0; first < total; first += batchSize) {
    signal?.throwIfAborted();
    const places = Array.from({ length: Math.min(batchSize, total - first) }, (_, i) => first + i);
    const images = await Promise.all(
      places.map(async (place) => fit(await data.image(place), model.preprocessing)),
    );
    if (!module) {
      const subject = await subjectOf('topImages', model, images[0]!, {}, {} as never);
      module = mapLayer(subject, options.layer).module;
    }
    const { activations, shape } = await layerOutput(model, module, normalize(images, model.preprocessing));
    checkFinite('topImages', activations);
    const [height, width, depth] = shape;
    checkChannel(channel, depth);
    const size = height * width;
    for (const [i, image] of images.entries()) {
      const small = new Float32Array(size);
      for (let place = 0; place < size; place++)
        small[place] = activations[(i * size + place) * depth + channel]!;
      const activation = small.reduce((a, b) => Math.max(a, b));
      const map = resizeMap(small, [height, width], [image.height, image.width]);
      top.push({ index: first + i, activation, image, map });
    }
    top = top.sort((a, b) => b.activation - a.activation).slice(0, count);
    onProgress?.(first + images.length, total);
    await nextTask();
  }
  return top;
}

function checkChannel(channel: number, depth: number): void {
  check(
    channel < depth,
    () =>
      `topImages: the channel is ${channel}; give an integer from 0 to ${depth - 1}, as many as the layer has.`,
  );
}
