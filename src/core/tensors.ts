import * as tf from '@tensorflow/tfjs-core';
import { evaluation } from './context.js';
import { check, shown } from './errors.js';
import type { Module } from './module.js';

/**
 * What `change` makes of every tensor of a value: a tensor, or an array or plain object of tensors, nested as you like.
 * @param change - Gets the tensor and its path, such as `boxes.0`; the path of a single tensor is empty.
 * @param others - What to make of what is no tensor. Default: it stays as it is.
 */
export function mapTensors<T>(
  value: T,
  change: (tensor: tf.Tensor, path: string) => tf.Tensor,
  others: (value: unknown, path: string) => unknown = (value) => value,
  path = '',
): T {
  const below = (child: unknown, key: string | number) =>
    mapTensors(child, change, others, path === '' ? String(key) : `${path}.${key}`);
  if (value instanceof tf.Tensor) return change(value, path) as T;
  if (Array.isArray(value)) return value.map(below) as T;
  if (!isPlainObject(value)) return others(value, path) as T;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, below(child, key)])) as T;
}

/** Every tensor of a value with its path, as {@link mapTensors} finds them. */
export function tensorsIn(value: unknown): [path: string, tensor: tf.Tensor][] {
  const found: [string, tf.Tensor][] = [];
  mapTensors(value, (tensor, path) => {
    found.push([path, tensor]);
    return tensor;
  });
  return found;
}

/**
 * How many examples a value has: the length of the first axis of its first tensor.
 * @param what - The value, for messages, such as `x`.
 * @throws ArgumentError where there is no tensor, or it has no axis or was disposed of.
 */
export function countExamples(value: unknown, what: string): number {
  const [first] = tensorsIn(value);
  check(
    first !== undefined,
    () => `${what} is ${shown(value)}; give a tensor, or an array or object of tensors.`,
  );
  const [, tensor] = first;
  check(!tensor.isDisposed, () => `${what} has a tensor that was disposed of; dispose of it after.`);
  check(tensor.rank > 0, () => `${what} begins with a scalar; give tensors whose first axis is the batch.`);
  return tensor.shape[0]!;
}

/**
 * Some of the examples: of every tensor, `size` rows from `begin` on. The caller disposes of them.
 * @param count - How many there are.
 * @throws ArgumentError where a tensor has another number of rows, or there is something that is no tensor.
 */
export function sliceExamples<T>(value: T, begin: number, size: number, count: number, what: string): T {
  const at = (path: string) => (path === '' ? what : `${what}.${path}`);
  return tidied(() =>
    mapTensors(
      value,
      (tensor, path) => {
        check(
          tensor.shape[0] === count,
          () =>
            `${at(path)} has the shape [${tensor.shape}], and the batch has ${count} examples; to be parted, each tensor needs ` +
            'one row for each example.',
        );
        return tf.slice(tensor, [begin], [size]);
      },
      (other, path) => {
        check(
          other === undefined,
          () => `${at(path)} is ${shown(other)}, which cannot be parted; give tensors.`,
        );
        return other;
      },
    ),
  );
}

/** Values of the same form as one: each tensor is the rows of theirs, one after the other. The caller disposes of it. */
export function joinExamples<T>(parts: readonly T[]): T {
  const tensors = parts.map(tensorsIn);
  let place = 0;
  return tidied(() =>
    mapTensors(parts[0]!, () => {
      const same = tensors.map((list) => list[place]![1]);
      place++;
      return tf.concat(same);
    }),
  );
}

/** tf.tidy of what gives any value; its tensors stay. */
export function tidied<T>(compute: () => T): T {
  return tf.tidy(compute as () => tf.TensorContainer) as T;
}

/** The same value with a clone of every tensor, which shares its data and is kept until it is disposed of. */
export function keepClones<T>(value: T): T {
  // All are made before the first is kept, so that an error keeps none.
  const clones = tidied(() => mapTensors(value, (tensor) => tf.clone(tensor)));
  return mapTensors(clones, (tensor) => tf.keep(tensor));
}

/**
 * What a module gives in evaluation. The caller disposes of it; `x` stays, also where it is a part of the output.
 */
export function evaluationOutput<Input, Output>(module: Module<Input, Output>, x: Input): Output {
  return tidied(() => keepClones(module.forward(x, evaluation)));
}

/** Frees every tensor of a value. */
export function disposeTensors(value: unknown): void {
  for (const [, tensor] of tensorsIn(value)) tensor.dispose();
}

function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
