import { checkAtLeastZero, checkInteger } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { Random } from '../core/random.js';
import type { Baseline, Explanation, SampledOptions } from './explanation.js';
import { total } from './scores.js';
import { baselinesOf, commonOptions, imageValues, subjectOf, type ExplainInput } from './subject.js';
import { explainEach, scoreVariants, sumChannels, variantGradients } from './variants.js';

/** Options of {@link smoothGrad}. */
export interface SmoothGradOptions extends SampledOptions {
  /** Default 50. */
  readonly samples?: number;
  /** Standard deviation of the noise, as a part of the distance of the image's least and largest value. Default 0.15. */
  readonly noise?: number;
}

const noisy = { ...commonOptions, samples: true, seed: true, noise: true } as const;

/**
 * The mean of the gradients of the score at noisy copies of the image (Smilkov et al. 2017, arXiv 1706.03825).
 * @returns an explanation of each image.
 * @throws ArgumentError where an argument does not fit, or the network has a step without a gradient.
 */
export async function smoothGrad(
  model: AnyModule,
  x: ExplainInput,
  options: SmoothGradOptions = {},
): Promise<Explanation[]> {
  const subject = await subjectOf('smoothGrad', model, x, options, noisy);
  const { samples = 50, seed = 0, noise = 0.15 } = options;
  checkInteger('smoothGrad: samples', samples, 1);
  checkAtLeastZero('smoothGrad: noise', noise);
  const random = new Random(seed);
  return explainEach(subject, samples, { samples, seed, noise }, async (image, { target }, progress) => {
    const original = imageValues(subject, image);
    const deviation = noise * rangeOf(original);
    const write = (_: number, out: Float32Array) => addNoise(original, deviation, random, out);
    const values = new Float32Array(subject.size);
    await variantGradients(subject, target, samples, write, progress, (_, gradient) => {
      for (let i = 0; i < values.length; i++) values[i]! += gradient[i]! / samples;
    });
    return { values, map: sumChannels(subject, values) };
  });
}

/** Options of {@link gradientShap}. */
export interface GradientShapOptions extends SampledOptions {
  /** Default 50. */
  readonly samples?: number;
  /** What the image is compared with: a number, or images of which one is drawn for each sample. Default 0. */
  readonly baseline?: Baseline;
  /** As of {@link smoothGrad}. Default 0. */
  readonly noise?: number;
}

/**
 * Expected gradients: the gradient at a random place of the way from a baseline to the image, times that way, averaged. They sum to the
 * score less the baselines' mean score, `expectedSum`, up to what the samples vary. Source: Lundberg and Lee's `GradientExplainer`;
 * Erion et al. 2021, arXiv 1906.10670.
 * @returns an explanation of each image.
 * @throws ArgumentError where an argument does not fit, or the network has a step without a gradient.
 */
export async function gradientShap(
  model: AnyModule,
  x: ExplainInput,
  options: GradientShapOptions = {},
): Promise<Explanation[]> {
  const subject = await subjectOf('gradientShap', model, x, options, { ...noisy, baseline: true });
  const { samples = 50, seed = 0, noise = 0, baseline = 0 } = options;
  checkInteger('gradientShap: samples', samples, 1);
  checkAtLeastZero('gradientShap: noise', noise);
  const starts = await startsOf(subject, baseline);
  const { size } = subject;
  const random = new Random(seed);
  const settings = { samples, seed, noise, baselines: starts.length };
  const passes = samples + starts.length;
  return explainEach(subject, passes, settings, async (image, { target, score }, progress) => {
    const original = imageValues(subject, image);
    const deviation = noise * rangeOf(original);
    const ways = new Map<number, Float32Array>();
    const write = (place: number, out: Float32Array) => {
      const start = starts[random.integer(starts.length)]!;
      const part = random.uniform();
      addNoise(original, deviation, random, out);
      const way = out.map((value, i) => value - start[i]!);
      ways.set(place, way);
      for (let i = 0; i < size; i++) out[i] = start[i]! + part * way[i]!;
    };
    const values = new Float32Array(size);
    await variantGradients(subject, target, samples, write, progress, (place, gradient) => {
      const way = ways.get(place)!;
      ways.delete(place);
      for (let i = 0; i < size; i++) values[i]! += (gradient[i]! * way[i]!) / samples;
    });
    const writeStart = (place: number, out: Float32Array) => out.set(starts[place]!);
    const startScores = await scoreVariants(subject, target, starts.length, writeStart, progress);
    const expectedSum = score - total(startScores) / starts.length;
    return { values, map: sumChannels(subject, values), expectedSum };
  });
}

async function startsOf(
  subject: Parameters<typeof baselinesOf>[0],
  baseline: Baseline,
): Promise<Float32Array[]> {
  const count = typeof baseline === 'number' ? 1 : (baseline?.shape?.[0] ?? 1);
  const at = await baselinesOf({ ...subject, count }, baseline);
  return Array.from({ length: count }, (_, i) => at(i));
}

function rangeOf(values: Float32Array): number {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  return most - least;
}

function addNoise(original: Float32Array, deviation: number, random: Random, out: Float32Array): void {
  if (deviation === 0) return out.set(original);
  const noise = random.normalArray(original.length, deviation);
  for (let i = 0; i < out.length; i++) out[i] = original[i]! + noise[i]!;
}
