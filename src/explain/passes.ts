import '#gradients';
import * as tf from '@tensorflow/tfjs-core';
import { evaluation } from '../core/context.js';
import { ArgumentError } from '../core/errors.js';
import { withFixedVariables } from '../core/kernels.js';
import type { AnyModule } from '../core/module.js';
import { freeingTape } from '../core/tape.js';
import { takeValues } from '../core/take-values.js';
import { disposeTensors } from '../core/tensors.js';
import { withForward, type Forward } from '../core/with-forward.js';
import type { TemporaryFolding } from '../layers/folding.js';
import type { Subject } from './subject.js';

/** What a gradient is taken of. */
type Scored = Pick<Subject, 'method' | 'model' | 'output'>;

/** Of a batch: the logits, and the gradients of the scores. */
export interface Gradients {
  readonly logits: Float32Array;
  readonly gradients: Float32Array;
}

/** The logits of a batch, which is freed. */
export function logitsOf(
  { model, folding }: Pick<Subject, 'model' | 'folding'>,
  x: tf.Tensor4D,
): Promise<Float32Array> {
  try {
    const forward = () => tf.tidy(() => tf.clone(model.forward(x, evaluation) as tf.Tensor));
    return takeValues(folding.run(forward));
  } finally {
    x.dispose();
  }
}

/**
 * Gradients of the scores with respect to the input.
 * @param x - A batch, which is freed.
 * @param targets - Of each image. Default the likeliest class.
 * @param folding - For many passes.
 */
export async function inputGradients(
  scored: Scored,
  x: tf.Tensor4D,
  targets?: readonly number[],
  folding?: TemporaryFolding,
): Promise<Gradients> {
  const compute = () =>
    freeingTape(() => {
      let logits: tf.Tensor;
      const forward = () => {
        logits = tf.keep(scored.model.forward(x, evaluation) as tf.Tensor2D);
        return scoreOf(scored, logits as tf.Tensor2D, targets);
      };
      const { grads } = tf.engine().gradients(forward, [x]);
      return { logits: logits!, gradient: grads[0]! };
    });
  try {
    const { logits, gradient } = explained(scored, () => (folding ? folding.run(compute) : compute()));
    const [values, gradients] = await takeAll(logits, gradient);
    return { logits: values!, gradients: gradients! };
  } finally {
    x.dispose();
  }
}

/** Gradients of the scores with respect to the output of a layer, and that output. */
export interface LayerGradients extends Gradients {
  readonly activations: Float32Array;
  /** Of {@link activations}, without the batch: height, width, channels. */
  readonly shape: readonly [number, number, number];
}

/**
 * The same with respect to the output of a layer. What comes before the layer runs as in evaluation, and keeps nothing for a way
 * back.
 */
export async function layerGradients(
  scored: Scored,
  layer: AnyModule,
  x: tf.Tensor4D,
  targets?: readonly number[],
): Promise<LayerGradients> {
  try {
    const { logits, activation, gradient } = explained(scored, () =>
      freeingTape(() => gradientsBehind(scored, layer, x, targets)),
    );
    const shape = activation.shape.slice(1) as [number, number, number];
    const [values, activations, gradients] = await takeAll(logits, activation, gradient);
    return { logits: values!, activations: activations!, gradients: gradients!, shape };
  } finally {
    x.dispose();
  }
}

/** The output of a layer for a batch, which is freed. */
export async function layerOutput(
  model: AnyModule,
  layer: AnyModule,
  x: tf.Tensor4D,
): Promise<Pick<LayerGradients, 'activations' | 'shape'>> {
  let output: tf.Tensor | undefined;
  const keeping =
    (forward: Forward): Forward =>
    (given, context) => {
      const y = forward(given, context);
      output = tf.keep(tf.clone(y as tf.Tensor));
      return y;
    };
  try {
    tf.tidy(() => withForward(layer, keeping, () => void model.forward(x, evaluation)));
    const shape = output!.shape.slice(1) as [number, number, number];
    return { activations: await output!.data<'float32'>(), shape };
  } finally {
    x.dispose();
    output?.dispose();
  }
}

function gradientsBehind(
  scored: Scored,
  layer: AnyModule,
  x: tf.Tensor4D,
  targets: readonly number[] | undefined,
) {
  const { state } = tf.engine();
  const depth = state.gradientDepth;
  // tfjs reads this list after the forward pass: by then it has the layer's output.
  const sources: tf.Tensor[] = [x];
  let logits: tf.Tensor;
  const starting =
    (forward: Forward): Forward =>
    (given, context) => {
      sources[0] = tf.keep(forward(given, context) as tf.Tensor);
      state.gradientDepth = depth + 1;
      return sources[0];
    };
  const forward = () => {
    state.gradientDepth = 0;
    try {
      logits = withForward(layer, starting, () =>
        tf.keep(scored.model.forward(x, evaluation) as tf.Tensor2D),
      );
      return scoreOf(scored, logits as tf.Tensor2D, targets);
    } finally {
      state.gradientDepth = depth + 1;
    }
  };
  const { grads } = tf.engine().gradients(forward, sources);
  return { logits: logits!, activation: sources[0]!, gradient: grads[0]! };
}

/** The sum of the scores: images do not depend on each other, so its gradient is that of each score. */
function scoreOf({ output }: Scored, logits: tf.Tensor2D, targets: readonly number[] | undefined): tf.Tensor {
  const scores = output === 'logit' ? logits : tf.softmax(logits);
  const { state } = tf.engine();
  const depth = state.gradientDepth;
  state.gradientDepth = 0; // Which class is likeliest has no gradient.
  let chosen: tf.Tensor;
  try {
    chosen = chosenClasses(logits, targets);
  } finally {
    state.gradientDepth = depth;
  }
  return tf.sum(tf.mul(scores, chosen));
}

/** 1 at the target of each image, 0 elsewhere. */
function chosenClasses(logits: tf.Tensor2D, targets: readonly number[] | undefined): tf.Tensor {
  const [, classes] = logits.shape;
  if (classes === 1) return tf.onesLike(logits); // tfjs's oneHot wants two.
  const places = targets ? tf.tensor1d([...targets], 'int32') : (tf.argMax(logits, 1) as tf.Tensor1D);
  return tf.oneHot(places, classes, 1, 0, 'float32');
}

/** Takes a gradient, not of variables, and says what is wrong where tfjs has none. */
function explained<T>({ method, model }: Scored, compute: () => T): T {
  try {
    return withFixedVariables(compute);
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    const [, kernel] = /gradient function not found for (\w+)/.exec(message) ?? [];
    const name = model.constructor.name;
    const advice = 'use a method that takes no gradient, such as occlusion or rise';
    if (kernel !== undefined)
      throw new ArgumentError(`${method}: ${name} runs ${kernel}, which has no gradient; ${advice}.`);
    if (message.startsWith('Cannot compute gradient of y=f(x)'))
      throw new ArgumentError(
        `${method}: no steps that have gradients lead to the scores of ${name} from where ${method} begins; ${advice}.`,
      );
    throw error;
  }
}

async function takeAll(...tensors: readonly tf.Tensor[]): Promise<Float32Array[]> {
  try {
    return await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
  } finally {
    disposeTensors(tensors);
  }
}
