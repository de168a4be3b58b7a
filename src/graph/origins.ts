import type * as tf from '@tensorflow/tfjs-core';

/** By the data of a tensor. */
const origins = new WeakMap<object, readonly tf.Tensor[]>();

/** Notes the variables that a tensor was computed from, which a trace then counts where the tensor is used. */
export function setOrigins({ dataId }: tf.Tensor, variables: readonly tf.Tensor[]): void {
  origins.set(dataId, variables);
}

/** What {@link setOrigins} noted; none of another tensor. */
export function originsOf({ dataId }: tf.TensorInfo): readonly tf.Tensor[] {
  return origins.get(dataId) ?? [];
}
