import type { RgbImage } from '../../vision/image.js';

/** Images that go through a model together, with what they should give. */
export interface Batch {
  readonly images: readonly RgbImage[];
  /** The class of each image, or soft targets, a row of as many values as there are classes after the other. */
  readonly targets: Int32Array | Float32Array;
}
