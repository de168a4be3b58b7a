import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../../src/backends/simd/index.js';
import { Random } from '../../src/core/random.js';

/** What a tensor is made of on either backend. */
export interface Input {
  readonly shape: number[];
  readonly values: Float32Array | Int32Array | Uint8Array;
  readonly dtype: 'float32' | 'int32' | 'bool';
}

/** Any function of tensors. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Operation = (...tensors: any[]) => tf.Tensor | tf.Tensor[];

interface Output {
  readonly shape: number[];
  readonly dtype: string;
  readonly values: ArrayLike<number>;
}

/** How far from cpu's a result may be. */
export interface Tolerance {
  /** In halves of a unit in the last place of `magnitude`: 2^-24 of it. 0 asks for the same value. */
  readonly roundings: number;
  /**
   * What errors are relative to, value by value: cpu's result by default. For a sum of products give the sum of
   * their absolute values: {@link ofAbsolutes}.
   */
  readonly magnitude?: (inputs: readonly Input[], operation: Operation) => Promise<ArrayLike<number>[]>;
}

export const exact: Tolerance = { roundings: 0 };

/**
 * Sums of products may differ by the order of their terms: relative to the sum of the absolute terms, which is what
 * the operation makes of the inputs' absolute values.
 */
export function sums(roundings = 16): Tolerance {
  return { roundings, magnitude: ofAbsolutes };
}

/** The same for an algorithm whose errors spread from each value to others: relative to the largest sum. */
export function mixedSums(roundings: number): Tolerance {
  const magnitude: Tolerance['magnitude'] = async (inputs, operation) =>
    (await ofAbsolutes(inputs, operation)).map((sums) => {
      const largest = Array.from(sums).reduce((a, b) => Math.max(a, b), 0);
      return Array.from(sums, () => largest);
    });
  return { roundings, magnitude };
}

/** Values of a seed in [-1, 1). */
export function uniform(shape: number[], seed: number): Input {
  const values = new Random(seed).uniformArray(tf.util.sizeFromShape(shape), -1, 1);
  return { shape, values, dtype: 'float32' };
}

/** Given values of one shape. */
export function floats(values: readonly number[], shape = [values.length]): Input {
  return { shape, values: Float32Array.from(values), dtype: 'float32' };
}

/** Whole numbers of a seed in [-9, 9]. */
export function integers(shape: number[], seed: number): Input {
  const { values } = uniform(shape, seed);
  return { shape, values: Int32Array.from(values, (v) => Math.round(v * 9)), dtype: 'int32' };
}

function sameBytes(a: Input['values'], b: Input['values']): boolean {
  const [first, second] = [a, b].map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength),
  );
  return first!.equals(second!);
}

/** Fills free memory with not-a-number, so that a value which is used and was never set shows. */
function poison(backend: SimdBackend): void {
  const bytes = 2 ** 22;
  backend.lend(bytes, 'poison', (address) => backend.floats(address, bytes / 4).fill(NaN));
}

/** The operation's results on a backend; it must leave no tensor but its results. */
export async function runOn(
  backend: string,
  inputs: readonly Input[],
  operation: Operation,
): Promise<Output[]> {
  await tf.setBackend(backend);
  if (backend === 'simd') poison(tf.backend() as SimdBackend);
  const tensors = inputs.map(({ values, shape, dtype }) => tf.tensor(values, shape, dtype));
  const before = tf.memory().numTensors;
  const results = [tf.tidy(() => operation(...tensors))].flat();
  expect(tf.memory().numTensors - before).toBe(results.length);
  const outputs = await Promise.all(
    results.map(async (result) => ({
      shape: result.shape,
      dtype: result.dtype,
      values: await result.data(),
    })),
  );
  // No kernel may write into its inputs, nor past its output into what comes before or after.
  for (const [i, tensor] of tensors.entries())
    expect(sameBytes(await tensor.data(), inputs[i]!.values)).toBe(true);
  tf.dispose([results, tensors]);
  return outputs;
}

async function ofAbsolutes(inputs: readonly Input[], operation: Operation): Promise<ArrayLike<number>[]> {
  const absolute = inputs.map((input) => ({ ...input, values: input.values.map(Math.abs) }));
  return (await runOn('cpu', absolute, operation)).map(({ values }) => values);
}

/** Checks that the operation has the same shapes, types and (within the tolerance) values on a backend as on cpu. */
export async function expectAsCpu(
  inputs: readonly Input[],
  operation: Operation,
  { roundings, magnitude }: Tolerance = exact,
  backend = 'simd',
): Promise<void> {
  const expected = await runOn('cpu', inputs, operation);
  const actual = await runOn(backend, inputs, operation);
  const magnitudes = magnitude ? await magnitude(inputs, operation) : expected.map(({ values }) => values);
  expect(actual.map(({ shape, dtype }) => [shape, dtype])).toEqual(
    expected.map(({ shape, dtype }) => [shape, dtype]),
  );
  expected.forEach(({ values }, output) => {
    const worst = largestExcess(actual[output]!.values, values, magnitudes[output]!, roundings);
    expect(worst).toBeUndefined();
  });
}

/** The value that is furthest out of the tolerance, if any is. */
function largestExcess(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  magnitude: ArrayLike<number>,
  roundings: number,
): object | undefined {
  let worst: object | undefined;
  let most = 1;
  for (let i = 0; i < expected.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    if (a === e || (a !== a && e !== e)) continue;
    // Below the normal floats the last place is 2^-149.
    const allowed = roundings * Math.max(2 ** -24 * Math.abs(magnitude[i]!), 2 ** -149);
    const excess = Math.abs(a - e) / allowed;
    if (excess <= most) continue;
    most = Number.isNaN(excess) ? Infinity : excess;
    worst = { index: i, actual: a, expected: e, roundings: excess * roundings };
  }
  return worst;
}
