import { ready } from '#backends';
import { checkOptions } from '../core/errors.js';
import { nextTask } from '../core/next-task.js';
import { classifySquares, classSettings, type Classifier } from './classify-squares.js';
import type { Classification } from './decode-predictions.js';
import { imageList, type ImageSource } from './image.js';
import { preparedBatches, preparedSquare } from './preprocess.js';

/** Options of {@link classify}. */
export interface ClassifyOptions {
  /** How many classes to name, the likeliest first. Default 5, or as many as there are. */
  readonly top?: number;
  /** Names of the classes. Default the model's, where it has any, otherwise `class 0` and so on. */
  readonly labels?: readonly string[];
  /** Images that go through the model together. Default 8. */
  readonly batchSize?: number;
  /** Called after each batch. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Says of every image what it shows, as below. */
export async function classify(
  model: Classifier,
  images: readonly ImageSource[],
  options?: ClassifyOptions,
): Promise<Classification[][]>;
/**
 * Says what an image shows: decodes it, prepares it as the model's `preprocessing` says, and names the likeliest classes.
 * @throws Error where an image cannot be read, the model has no head, the labels are not as many as its classes or the model's in another order, or its
 * logits are not finite.
 */
// The commoner call comes last, since TypeScript's errors speak of the last one.
export async function classify(
  model: Classifier,
  image: ImageSource,
  options?: ClassifyOptions,
): Promise<Classification[]>;
export async function classify(
  model: Classifier,
  images: ImageSource | readonly ImageSource[],
  options: ClassifyOptions = {},
): Promise<Classification[] | Classification[][]> {
  checkOptions('classify', options, { top: true, labels: true, batchSize: true, onProgress: true });
  const settings = classSettings('classify', model, options);
  await ready();
  const list = imageList(images);
  const results: Classification[][] = [];
  const prepare = (image: ImageSource) => preparedSquare(image, model.preprocessing);
  for await (const squares of preparedBatches(list, settings.batchSize, prepare)) {
    const answers = await classifySquares(model, squares, settings);
    results.push(...answers.map(({ classes }) => classes));
    options.onProgress?.(results.length, list.length);
    await nextTask();
  }
  return Array.isArray(images) ? results : results[0]!;
}
