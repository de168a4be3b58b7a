import '#gradients';
import * as tf from '@tensorflow/tfjs-core';
import { check, shown } from '../core/errors.js';
import { checkingForward } from '../core/checking-forward.js';
import type { AnyModule } from '../core/module.js';
import { freeingTape } from '../core/tape.js';

/** What {@link valueAndGradients} gives. The caller disposes of it: `tf.dispose(result)`. */
export interface ValueAndGradients {
  readonly value: tf.Scalar;
  /** The gradient of each parameter, of its shape, by its path in the module. */
  readonly gradients: Readonly<Record<string, tf.Tensor>>;
}

/**
 * A value that is computed from a module, and its gradients with respect to the module's parameters. Those that are frozen,
 * and running statistics, have none; a parameter that the value does not depend on has zeros, as in JAX and MLX.
 *
 * ```ts
 * const { value, gradients } = valueAndGradients(net, () => loss(net.forward(x, context), y));
 * ```
 * @param module - Any module.
 * @param compute - Gives the value, a scalar of type float32, such as a mean loss; not a promise.
 * @throws ArgumentError where the value is no such scalar, nothing in the module is to be trained, or the module's forward uses
 * a variable that is not in its tree.
 */
export function valueAndGradients(module: AnyModule, compute: () => tf.Tensor): ValueAndGradients {
  const parameters = [...module.namedVariables()].filter(({ trainable }) => trainable);
  check(
    parameters.length > 0,
    () => `${module.constructor.name} has no parameter to be trained; unfreeze a part of it.`,
  );
  const variables = parameters.map(({ variable }) => variable);
  return freeingTape(() => {
    // A clone, since the value may be a parameter itself.
    const scalar = () => tf.clone(checkScalar(checkingForward(module, compute)));
    const { value, grads } = tf.engine().gradients(scalar, variables, undefined, true);
    const gradients = parameters.map(({ name, variable }, i) => {
      // tfjs leaves out what the value does not depend on.
      const gradient = (grads as (tf.Tensor | undefined)[])[i] ?? tf.zerosLike(variable as tf.Tensor);
      return [name, gradient] as const;
    });
    return { value: value as tf.Scalar, gradients: Object.fromEntries(gradients) };
  });
}

function checkScalar(value: tf.Tensor): tf.Tensor {
  const advice = 'give a scalar of type float32, such as tf.mean of losses.';
  check(value instanceof tf.Tensor, () => `valueAndGradients: the value is ${shown(value)}; ${advice}`);
  check(
    value.rank === 0 && value.dtype === 'float32',
    () =>
      `valueAndGradients: the value has the shape [${value.shape}] and the type ${value.dtype}; ${advice}`,
  );
  return value;
}
