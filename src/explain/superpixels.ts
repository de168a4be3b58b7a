import { check } from '../core/errors.js';
import { isImageClassifier } from '../models/is-image-classifier.js';
import type { Superpixels } from './explanation.js';
import { superpixelsOf } from './slic.js';
import { imageValues, type Subject } from './subject.js';

/** How images are cut into superpixels. */
export interface SuperpixelOptions {
  /** About how many superpixels {@link slic} makes; or the superpixel of each pixel, for all images, from 0 on. Default 50. */
  readonly superpixels?: number | Int32Array;
  /** As of {@link slic}. Default 10. */
  readonly compactness?: number;
}

/** The names of {@link SuperpixelOptions}. */
export const superpixelOptions = { superpixels: true, compactness: true } as const;

/** The superpixel of each pixel of an image, and how many there are. */
export interface Segments {
  readonly labels: Int32Array;
  readonly count: number;
}

/** Checks the options, and gives what cuts an image of the subject. */
export function segmenter(
  subject: Subject,
  { superpixels = 50, compactness }: SuperpixelOptions,
): (image: number) => Segments {
  const { method, height, width, channels } = subject;
  if (typeof superpixels !== 'number') {
    const count = checkLabels(method, superpixels, height * width);
    return () => ({ labels: superpixels, count });
  }
  return (image) => {
    const picture = picturedOf(subject, image);
    const labels = superpixelsOf(picture, [height, width, channels], { count: superpixels, compactness });
    return { labels, count: labels.reduce((a, b) => Math.max(a, b)) + 1 };
  };
}

function checkLabels(method: string, labels: Int32Array, pixels: number): number {
  const fits = labels instanceof Int32Array && labels.length === pixels;
  const known = new Set(fits ? labels : []);
  check(
    fits && Array.from(known).every((label) => label >= 0 && label < known.size),
    () =>
      `${method}: the superpixels do not fit; give an Int32Array of ${pixels} values, one for each pixel, that number the ` +
      'superpixels from 0 on without a gap, or about how many to make.',
  );
  return known.size;
}

/** The image in colours that are as far apart as in the photo. */
function picturedOf(subject: Subject, image: number): Float64Array {
  const values = Float64Array.from(imageValues(subject, image));
  if (!isImageClassifier(subject.model) || subject.channels !== 3) return values;
  const { std, mean, channels } = subject.model.preprocessing;
  for (let i = 0; i < values.length; i += 3) {
    for (let c = 0; c < 3; c++) values[i + c] = values[i + c]! * std[c]! + mean[c]!;
    if (channels === 'bgr') [values[i], values[i + 2]] = [values[i + 2]!, values[i]!];
  }
  return values;
}

/** Pixels that follow each other in one superpixel. */
interface Run {
  readonly label: number;
  readonly from: number;
  readonly to: number;
}

function runsOf(labels: Int32Array): Run[] {
  const runs: Run[] = [];
  for (let from = 0, to = 1; from < labels.length; from = to++) {
    while (to < labels.length && labels[to] === labels[from]) to++;
    runs.push({ label: labels[from]!, from, to });
  }
  return runs;
}

/** What writes the image with every superpixel covered whose switch is 0. */
export function covering(
  original: Float32Array,
  covered: Float32Array,
  labels: Int32Array,
): (switches: Uint8Array, out: Float32Array) => void {
  const channels = original.length / labels.length;
  const runs = runsOf(labels);
  return (switches, out) => {
    out.set(original);
    for (const { label, from, to } of runs) {
      if (switches[label] === 1) continue;
      for (let i = from * channels; i < to * channels; i++) out[i] = covered[i]!;
    }
  };
}

/** Each superpixel in its mean colour. */
export function meanColors(original: Float32Array, { labels, count }: Segments): Float32Array {
  const channels = original.length / labels.length;
  const sums = new Float64Array(count * channels);
  const pixels = new Float64Array(count);
  for (const [pixel, label] of labels.entries()) {
    pixels[label]!++;
    for (let c = 0; c < channels; c++) sums[label * channels + c]! += original[pixel * channels + c]!;
  }
  return original.map((_, i) => {
    const label = labels[Math.floor(i / channels)]!;
    return sums[label * channels + (i % channels)]! / pixels[label]!;
  });
}

/** The value of each superpixel at its pixels. */
export function mapOf({ labels, values }: Superpixels): Float32Array {
  return Float32Array.from(labels, (label) => values[label]!);
}
