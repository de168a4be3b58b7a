import { ready } from '#backends';
import { decodedAtOnce } from '#decode-image';
import { check, checkBoolean, checkOptions, shown } from '../core/errors.js';
import { groupStream, mapStream } from '../core/map-stream.js';
import { nextTask } from '../core/next-task.js';
import { NotInstalledError } from '../core/not-installed.js';
import { classifySquares, classSettings, type Answer, type Classifier } from './classify-squares.js';
import type { Classification } from './decode-predictions.js';
import type { ImageSource, RgbImage } from './image.js';
import { preparedSquare } from './preprocess.js';

/** Options of {@link predictStream}. */
export interface PredictStreamOptions<Item = ImageSource> {
  /** The image of an item, such as `({ url }) => url`. Default the item itself. What it throws is the error of that item. */
  readonly image?: (item: Item) => ImageSource | Promise<ImageSource>;
  /** How many classes to name, the likeliest first. Default 5, or as many as there are. */
  readonly top?: number;
  /** Names of the classes. Default the model's, where it has any, otherwise `class 0` and so on. */
  readonly labels?: readonly string[];
  /** The stage whose output, its mean over the image, comes too: `'stages.3'`, or `'globalPool'` for what the head gets. Default none. */
  readonly features?: string;
  /** Images that go through the model together. Default 8. */
  readonly batchSize?: number;
  /** Whether results come in the order of the items. If not, a slow image does not hold the others up. Default true. */
  readonly ordered?: boolean;
  /** Ends the stream with the signal's reason, also while it waits for an item or an image. */
  readonly signal?: AbortSignal;
}

/** What {@link predictStream} gives for an item: classes, or the error of what went wrong with this image. */
export type StreamPrediction<Item = ImageSource> = {
  /** The item's place in the stream, from 0 on. */
  readonly index: number;
  readonly item: Item;
} & (
  | {
      /** The likeliest classes; none of a model without a head. */
      readonly classes: readonly Classification[];
      /** Where the option `features` asks for them. */
      readonly features?: Float32Array;
      readonly error?: undefined;
    }
  | { readonly error: Error; readonly classes?: undefined; readonly features?: undefined }
);

/** How items become squares of the model's size. */
export type Prepare<Item> = (item: Item, index: number) => Promise<RgbImage>;

/**
 * Says what every image of a stream shows, however many there are: images are taken from the stream as fast as results are taken,
 * and the next batches are prepared while the model works. An image that cannot be read gives its error, and the stream goes on.
 *
 * ```ts
 * for await (const { item, classes, error } of predictStream(model, paths())) { … }
 * ```
 * @param items - Images, as `classify` takes them, or what the option `image` makes images of.
 * @throws ArgumentError where an option cannot be, or the model has neither a head nor `features`; Error where the model's logits are
 * not finite, or sharp is not installed; what the stream itself throws, after the results before it.
 */
export async function* predictStream<Item = ImageSource>(
  model: Classifier,
  items: AsyncIterable<Item> | Iterable<Item>,
  options: PredictStreamOptions<Item> = {},
): AsyncGenerator<StreamPrediction<Item>> {
  const { image = (item: Item) => item as ImageSource } = options;
  check(typeof image === 'function', () => `image is ${shown(image)}; give a function.`);
  const prepare = async (item: Item) => preparedSquare(await image(item), model.preprocessing);
  yield* predictPrepared(model, items, prepare, options);
}

/** As {@link predictStream}, of squares that `prepare` makes. */
export async function* predictPrepared<Item>(
  model: Classifier,
  items: AsyncIterable<Item> | Iterable<Item>,
  prepare: Prepare<Item>,
  options: PredictStreamOptions<Item> = {},
): AsyncGenerator<StreamPrediction<Item>> {
  checkOptions('predictStream', options, {
    image: true,
    top: true,
    labels: true,
    features: true,
    batchSize: true,
    ordered: true,
    signal: true,
  });
  const { ordered = true, signal } = options;
  checkBoolean('ordered', ordered);
  const settings = classSettings('predictStream', model, options);
  check(
    typeof items === 'object' &&
      items !== null &&
      (Symbol.asyncIterator in items || Symbol.iterator in items),
    () => `predictStream: the images are ${shown(items)}; give an array, or another iterable.`,
  );
  await ready();
  const attempt = async (item: Item, index: number) => {
    try {
      return { index, item, square: await prepare(item, index) };
    } catch (error) {
      if (error instanceof NotInstalledError) throw error;
      return { index, item, error: error instanceof Error ? error : new Error(String(error)) };
    }
  };
  const held = 3 * settings.batchSize;
  const prepared = mapStream(items, attempt, { atOnce: decodedAtOnce, held, ordered, signal });
  for await (const batch of groupStream(prepared, settings.batchSize)) {
    signal?.throwIfAborted();
    const squares = batch.flatMap(({ square }) => square ?? []);
    const answers = squares.length > 0 ? await classifySquares(model, squares, settings) : [];
    const next = answers.values();
    for (const { index, item, error } of batch) {
      yield error ? { index, item, error } : { index, item, ...(next.next().value as Answer) };
    }
    await nextTask();
  }
}
