import { check, checkOptions, type OptionNames } from '../../core/errors.js';
import type { RgbImage } from '../../vision/image.js';
import { brokenImages, eachImage } from './broken.js';
import { checkDataset } from './check-dataset.js';
import type { Dataset } from './dataset.js';
import { subset } from './parts.js';
import type { SkippedFile } from './skipped.js';

/** Options of {@link decodable}. */
export interface DecodableOptions {
  /** Called now and then with the number of images that are decoded. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Called with each image that cannot be decoded, which is left out. Default: one error names all of them. */
  readonly onSkip?: (skipped: SkippedFile) => void;
}

const decodableOptionNames: OptionNames<DecodableOptions> = { onProgress: true, onSkip: true };

/** Options of {@link decodeAll}. */
export interface DecodeAllOptions extends DecodableOptions {
  /** Done to every image once, such as resizing, before it is kept. */
  readonly transform?: (image: RgbImage) => RgbImage;
}

/**
 * The same data set with every picture decoded and in memory: 50,000 of 32 x 32 pixels take 154 MB.
 * @throws Error that names the images which cannot be decoded, unless `onSkip` is given; ArgumentError where none can.
 */
export async function decodeAll(dataset: Dataset, options: DecodeAllOptions = {}): Promise<Dataset> {
  checkDataset('decodeAll', dataset);
  checkOptions('decodeAll', options, { ...decodableOptionNames, transform: true });
  return (await decodeWithin(dataset, Infinity, options)).dataset;
}

/**
 * The images of a data set that can be decoded, each of which is tried once and not kept. For data that do not fit into
 * memory, so that a damaged file does not end a training in its middle.
 * @throws Error that names the images which cannot be decoded, unless `onSkip` is given; ArgumentError where none can.
 */
export async function decodable(dataset: Dataset, options: DecodableOptions = {}): Promise<Dataset> {
  checkDataset('decodable', dataset);
  checkOptions('decodable', options, decodableOptionNames);
  return (await decodeWithin(dataset, 0, options)).dataset;
}

/**
 * A data set with its pictures in memory, where they take no more than `limit` bytes; otherwise as `decodable` gives it.
 * @returns also the bytes that are in memory.
 */
export async function decodeWithin(
  dataset: Dataset,
  limit: number,
  { transform = (image) => image, onProgress, onSkip }: DecodeAllOptions,
): Promise<{ dataset: Dataset; bytes: number }> {
  let images: (RgbImage | undefined)[] | undefined = [];
  let bytes = 0;
  const places: number[] = [];
  const take = (place: number, image: RgbImage) => {
    places.push(place);
    if (!images) return;
    const kept = transform(image);
    bytes += kept.data.byteLength;
    if (bytes <= limit) images[place] = kept;
    else images = undefined;
  };
  const broken = await eachImage(dataset, take, { onProgress });
  if (broken.length > 0 && !onSkip) throw brokenImages(dataset, broken);
  check(places.length > 0 || broken.length === 0, () => brokenImages(dataset, broken).message);
  for (const file of broken) onSkip!(file);
  const kept = images;
  const decoded = kept ? { ...dataset, image: (index: number) => kept[index]! } : dataset;
  const whole = places.length === dataset.labels.length;
  return {
    dataset: whole
      ? decoded
      : subset(
          decoded,
          places.sort((a, b) => a - b),
        ),
    bytes: kept ? bytes : 0,
  };
}
