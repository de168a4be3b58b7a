import type { RgbImage } from '../../vision/image.js';

/** Labelled images, each to be had by its place. */
export interface Dataset {
  /** What the data are called, for messages: the path of the folder or archive. */
  readonly name?: string;
  /** What `split` parted, for messages. */
  readonly whole?: Dataset;
  /** Names of the classes; a label is a place in this list. */
  readonly classes: readonly string[];
  /** The class of each image; their number is that of the images. */
  readonly labels: Int32Array;
  /** What each image is called, for messages; undefined where they have no names. */
  readonly paths?: readonly string[];
  /** The picture at a place, from 0 to below `labels.length`. */
  image(index: number): RgbImage | Promise<RgbImage>;
}
