import { checkInteger } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { Random } from '../core/random.js';
import { coalitionsOf } from './coalitions.js';
import type { Baseline, Explanation, SampledOptions } from './explanation.js';
import { constrained } from './least-squares.js';
import { baselinesOf, commonOptions, imageValues, subjectOf, type ExplainInput } from './subject.js';
import { covering, mapOf, segmenter, superpixelOptions, type SuperpixelOptions } from './superpixels.js';
import { explainEach, scoreVariants } from './variants.js';

/** Options of {@link kernelShap}. */
export interface KernelShapOptions extends SampledOptions, SuperpixelOptions {
  /** Coalitions of superpixels that the network is asked about. Default 1000. */
  readonly samples?: number;
  /** What a covered superpixel shows. Default 0. */
  readonly baseline?: Baseline;
}

/**
 * Shapley values of superpixels: what each adds to the score, averaged over all orders of uncovering them, by weighted least squares
 * over coalitions. They sum to the score less that of the baseline, `expectedSum`. Exact where `samples` are all 2^n - 2 coalitions.
 * Source: Lundberg and Lee 2017, arXiv 1705.07874; as the package shap without its selection of features.
 * @returns an explanation of each image.
 * @throws ArgumentError where an argument does not fit.
 */
export async function kernelShap(
  model: AnyModule,
  x: ExplainInput,
  options: KernelShapOptions = {},
): Promise<Explanation[]> {
  const known = {
    ...commonOptions,
    ...superpixelOptions,
    samples: true,
    seed: true,
    baseline: true,
  } as const;
  const subject = await subjectOf('kernelShap', model, x, options, known);
  const { samples = 1000, seed = 0, baseline } = options;
  checkInteger('kernelShap: samples', samples, 2);
  const segmentsOf = segmenter(subject, options);
  const baselines = await baselinesOf(subject, baseline);
  const random = new Random(seed);
  return explainEach(subject, samples + 1, { samples, seed }, async (image, { target, score }, progress) => {
    const { labels, count } = segmentsOf(image);
    const original = imageValues(subject, image);
    const cover = covering(original, baselines(image), labels);
    const coalitions = coalitionsOf(count, samples, random);
    // After them the empty one, whose score is the baseline's.
    const inputs = coalitions.map(({ members }) => members);
    const none = new Uint8Array(count);
    const write = (place: number, out: Float32Array) => cover(inputs[place] ?? none, out);
    const scores = await scoreVariants(subject, target, inputs.length + 1, write, progress);
    const base = scores[inputs.length]!;
    const outputs = scores.subarray(0, inputs.length).map((value) => value - base);
    const weights = Float64Array.from(coalitions, ({ weight }) => weight);
    const values =
      count === 1 ? Float64Array.of(score - base) : constrained({ inputs, outputs, weights }, score - base);
    const superpixels = { labels, values };
    return { map: mapOf(superpixels), superpixels, expectedSum: score - base, more: { superpixels: count } };
  });
}
