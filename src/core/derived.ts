import * as tf from '@tensorflow/tfjs-core';
import { setOrigins } from '../graph/origins.js';

const derived = new WeakMap<object, readonly tf.Tensor[]>();

/** A tensor and the variables that it was computed from. */
export interface Derived {
  readonly tensor: tf.Tensor;
  readonly from: readonly tf.Tensor[];
}

/**
 * Keeps tensors that were computed from a module's variables, such as a folded kernel, until `Module.dispose`. Those of before
 * are freed.
 */
export function setDerived(module: object, tensors: readonly Derived[]): void {
  disposeDerived(module);
  for (const { tensor, from } of tensors) setOrigins(tensor, from);
  derived.set(
    module,
    tensors.map(({ tensor }) => tf.keep(tensor)),
  );
}

/** Frees what {@link setDerived} keeps of this module. */
export function disposeDerived(module: object): void {
  for (const tensor of derived.get(module) ?? []) tensor.dispose();
  derived.delete(module);
}
