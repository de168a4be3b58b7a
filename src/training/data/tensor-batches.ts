import { check, shown } from '../../core/errors.js';
import { countExamples, disposeTensors } from '../../core/tensors.js';

/** Examples that go through a network together. Input and target are tensors, or arrays or objects of them. */
export interface TensorBatch<Input, Target> {
  /** What the network gets; the first axis of its tensors is the batch. */
  readonly x: Input;
  /** What the network should give; the loss and the metrics get it with the network's output. */
  readonly y: Target;
}

/**
 * Gives the batches of an epoch, from its batch `first` on; the same ones whenever it is asked for them. Both count from 0. Its
 * tensors are freed when their batch is done.
 */
export type TensorSource<Input, Target> = (
  epoch: number,
  first: number,
) => Iterable<TensorBatch<Input, Target>> | AsyncIterable<TensorBatch<Input, Target>>;

/**
 * Data for any network: a function that makes the batches of an epoch, or an array (or another iterable) of batches that is used in
 * every epoch and whose tensors stay.
 */
export type TensorData<Input, Target> =
  | TensorSource<Input, Target>
  | Iterable<TensorBatch<Input, Target>>
  | AsyncIterable<TensorBatch<Input, Target>>;

/** A batch and how many examples it has. */
export interface CountedBatch<Input, Target> extends TensorBatch<Input, Target> {
  readonly examples: number;
}

/**
 * The batches of an epoch, from its batch `first` on. Those that a function made are freed when the next one is asked for.
 * @throws ArgumentError where a batch is no `{ x, y }`.
 */
export async function* tensorBatches<Input, Target>(
  data: TensorData<Input, Target>,
  epoch: number,
  first: number,
): AsyncGenerator<CountedBatch<Input, Target>> {
  const isMade = typeof data === 'function';
  let place = isMade ? first : 0;
  for await (const batch of isMade ? data(epoch, first) : data) {
    try {
      if (place++ < first) continue;
      yield { ...batch, examples: checkBatch(batch, epoch, place - 1) };
    } finally {
      if (isMade) disposeTensors([batch?.x, batch?.y]);
    }
  }
}

/** @returns the number of examples. */
function checkBatch(batch: TensorBatch<unknown, unknown>, epoch: number, place: number): number {
  const name = `Batch ${place} of epoch ${epoch}`;
  check(
    typeof batch === 'object' && batch !== null && 'x' in batch && 'y' in batch,
    () => `${name} is ${shown(batch)}; give { x, y }, the network's input and what it should give.`,
  );
  const examples = countExamples(batch.x, `${name}: x`);
  check(examples > 0, () => `${name} has no examples; leave empty batches out.`);
  return examples;
}

/** Whether it is a function or an iterable, which may give batches. */
export function isTensorData(data: unknown): data is TensorData<unknown, unknown> {
  if (typeof data === 'function') return true;
  if (Array.isArray(data)) return data.every(isTensorBatch);
  const given = data as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null;
  return (
    typeof given === 'object' &&
    (typeof given?.[Symbol.iterator] === 'function' || typeof given?.[Symbol.asyncIterator] === 'function')
  );
}

function isTensorBatch(batch: unknown): boolean {
  return typeof batch === 'object' && batch !== null && 'x' in batch;
}

/** Throws unless {@link isTensorData}. */
export function checkTensorData(where: string, data: unknown, what = 'the data'): void {
  check(
    isTensorData(data),
    () =>
      `${where}: ${what} are ${shown(data)}; give an array of batches { x, y }, or a function that makes the batches of an epoch. ` +
      '(imageBatches makes one of a data set of images.)',
  );
  check(!Array.isArray(data) || data.length > 0, () => `${where}: ${what} are an empty array; give a batch.`);
}
