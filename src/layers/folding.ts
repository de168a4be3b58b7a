import * as tf from '@tensorflow/tfjs-core';
import { setDerived } from '../core/derived.js';
import { check } from '../core/errors.js';
import { isTracing, takesGradient, takesInputGradient, withFixedVariables } from '../core/kernels.js';
import type { FusedActivation } from './fused-activation.js';

/** What a convolution computes with: its variables, or folded tensors. */
export interface ConvolutionWeights {
  readonly weight: tf.Tensor4D;
  readonly bias: tf.Tensor1D | undefined;
}

/** A convolution, the batch norm after it, and the activation after that, where there is one. */
export interface Folding {
  /** The module whose forward is the folded one: the convolution itself, or a block that has all three. */
  readonly module: object;
  readonly conv: ConvolutionWeights & {
    readonly isFrozen: boolean;
    forwardFused(x: tf.Tensor4D, activation: FusedActivation, weights: ConvolutionWeights): tf.Tensor4D;
  };
  readonly norm: {
    readonly weight: tf.Tensor1D;
    readonly bias: tf.Tensor1D;
    readonly runningMean: tf.Tensor1D;
    readonly runningVariance: tf.Tensor1D;
    readonly epsilon: number;
    readonly isFrozen: boolean;
  };
  readonly activation: { readonly fused: FusedActivation } | undefined;
}

/** A folding's tensors. */
interface Folded {
  readonly folding: Folding;
  readonly weights: ConvolutionWeights & { readonly bias: tf.Tensor1D };
  /**
   * Clones of the variables that the weights were computed from. A variable that was assigned to has other data, and so has
   * one that an optimizer changed in place: it first gives a variable that has a clone new data.
   */
  readonly sources: readonly tf.Tensor[];
  /** On which they were computed. `ready` moves variables to another without reading them at once, and no other tensors. */
  readonly backend: string;
}

const foldedModules = new WeakMap<object, Folded>();
const foldedNorms = new WeakSet<object>();
/** By the data of the outputs of folded convolutions. */
const outputs = new WeakMap<object, Folding>();
let temporary: ((module: object) => Folded | undefined) | undefined;

/** Folds batch norms into convolutions, all of them or, where there is an error, none. Variables stay as they are. */
export function fold(foldings: readonly Folding[]): void {
  tf.tidy(() => {
    for (const folded of foldings.map(compute)) keep(folded);
  });
}

/** Whether this is the `module` of a folding. */
export function isFolded(module: object): boolean {
  const folded = foldedModules.get(module);
  return folded !== undefined && !folded.weights.weight.isDisposed;
}

/** What the folded convolution gives, with the activation; undefined where {@link foldedWeights} is. */
export function runFolded(module: object, x: tf.Tensor4D): tf.Tensor4D | undefined {
  const folded = foldedNow(module);
  if (!folded) return undefined;
  const { folding, weights } = folded;
  const { conv, activation } = folding;
  const y = conv.forwardFused(x, activation?.fused ?? 'linear', weights);
  if (module === conv) outputs.set(y.dataId, folding);
  return y;
}

/**
 * The folded weights of a module, computed again where a variable or the backend has changed. Undefined where nothing is folded, and
 * where gradients of the variables may be asked for.
 */
export function foldedWeights(module: object): ConvolutionWeights | undefined {
  return foldedNow(module)?.weights;
}

function foldedNow(module: object): Folded | undefined {
  const passing = temporary?.(module);
  if (passing) return passing;
  if (!isFolded(module)) return undefined;
  const folded = foldedModules.get(module)!;
  const { conv, norm } = folded.folding;
  const areFixed = takesInputGradient() || (conv.isFrozen && norm.isFrozen);
  if (takesGradient() && !areFixed) return undefined;
  if (isTracing()) return hasSameVariables(folded) ? folded : undefined;
  if (isFresh(folded)) return folded;
  fold([folded.folding]);
  return foldedModules.get(module);
}

/**
 * Foldings that hold while {@link run} works, such as for many passes through a network whose variables nobody asks gradients of. The
 * modules do not know of them: between two runs they can be trained. The caller disposes of it.
 */
export class TemporaryFolding {
  readonly #folded = new Map<object, Folded>();
  readonly #foldings: ReadonlyMap<object, Folding>;

  constructor(foldings: readonly Folding[]) {
    this.#foldings = new Map(foldings.map((folding) => [folding.module, folding]));
  }

  /** Runs `work`, passes in evaluation without gradients of variables, with the folded weights. */
  run<T>(work: () => T): T {
    const before = temporary;
    temporary = (module) => this.#foldedNow(module);
    try {
      return withFixedVariables(work);
    } finally {
      temporary = before;
    }
  }

  /** What a module computes with: computed when it is first needed, and again where a variable or the backend has changed. */
  #foldedNow(module: object): Folded | undefined {
    const folding = this.#foldings.get(module);
    if (!folding || isTracing()) return undefined;
    const before = this.#folded.get(module);
    if (before && isFresh(before)) return before;
    let folded: Folded;
    tf.tidy(() => {
      folded = compute(folding);
      for (const tensor of tensorsOf(folded)) tf.keep(tensor);
    });
    if (before) tf.dispose(tensorsOf(before));
    this.#folded.set(module, folded!);
    return folded!;
  }

  dispose(): void {
    for (const folded of this.#folded.values()) tf.dispose(tensorsOf(folded));
    this.#folded.clear();
  }
}

function tensorsOf({ weights, sources }: Folded): tf.Tensor[] {
  return [weights.weight, weights.bias, ...sources];
}

function isFresh(folded: Folded): boolean {
  return hasSameVariables(folded) && folded.backend === tf.getBackend();
}

function hasSameVariables({ folding, sources }: Folded): boolean {
  return variablesOf(folding).every(({ dataId }, i) => dataId === sources[i]!.dataId);
}

/** `x` again where `layer`, a batch norm or an activation, is part of the convolution that gave `x`. */
export function foldedAway<T extends tf.Tensor>(x: T, layer: object): T | undefined {
  const folding = outputs.get(x.dataId);
  if (!folding || (folding.norm !== layer && folding.activation !== layer)) return undefined;
  const y = tf.clone(x);
  // In a trace a clone has other data.
  outputs.set(y.dataId, folding);
  return y;
}

/** Throws where this batch norm is folded. */
export function checkTrains(norm: object): void {
  check(
    !foldedNorms.has(norm),
    () =>
      'A fused network cannot be trained: its batch norms are folded into its convolutions. Build it again; weights that you ' +
      'save of a fused network can be loaded there.',
  );
}

function variablesOf({ conv, norm }: Folding): tf.Tensor[] {
  const { weight, bias, runningMean, runningVariance } = norm;
  return [conv.weight, ...(conv.bias ? [conv.bias] : []), weight, bias, runningMean, runningVariance];
}

/**
 * kernel * s and (bias - mean) * s + beta, where s = weight / sqrt(variance + epsilon). On the device: reading would wait for it,
 * or not be possible at once.
 */
function compute(folding: Folding): Folded {
  const { conv, norm } = folding;
  const scale = tf.mul(norm.weight, tf.rsqrt(tf.add(norm.runningVariance, norm.epsilon)));
  // A depthwise kernel has the channels third, and 1 last.
  const perFilter = conv.weight.shape[3] === scale.size ? scale : tf.reshape(scale, [-1, 1]);
  const weight: tf.Tensor4D = tf.mul(conv.weight, perFilter);
  const shift = tf.sub(conv.bias ?? 0, norm.runningMean);
  const bias: tf.Tensor1D = tf.add(tf.mul(shift, scale), norm.bias);
  const sources = variablesOf(folding).map((each) => tf.clone(each));
  return { folding, weights: { weight, bias }, sources, backend: tf.getBackend() };
}

function keep(folded: Folded): void {
  const { folding, weights, sources } = folded;
  const { conv, norm } = folding;
  const { weight, bias, runningMean, runningVariance } = norm;
  setDerived(folding.module, [
    { tensor: weights.weight, from: [conv.weight, weight, runningVariance] },
    { tensor: weights.bias, from: [conv.bias ?? bias, bias, weight, runningMean, runningVariance] },
    ...sources.map((tensor) => ({ tensor, from: [] })),
  ]);
  foldedModules.set(folding.module, folded);
  foldedNorms.add(folding.norm);
}
