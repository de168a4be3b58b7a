import { checkInteger, checkOneOf } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import type { Baseline, Explanation, ExplainOptions } from './explanation.js';
import { quadrature, type QuadratureRule } from './quadrature.js';
import { baselinesOf, commonOptions, subjectOf, type ExplainInput } from './subject.js';
import { difference, explainEach, scoreVariants, sumChannels, variantGradients } from './variants.js';

/** Options of {@link integratedGradients}. */
export interface IntegratedGradientsOptions extends ExplainOptions {
  /** What the image is compared with, in the values of the network's input. Default 0: the mean colour, for most networks. */
  readonly baseline?: Baseline;
  /** Points of the way from the baseline to the image. Default 50. */
  readonly steps?: number;
  /** How the integral is approximated. Default `'gauss-legendre'`. */
  readonly rule?: QuadratureRule;
}

/**
 * The gradients along the straight way from a baseline to the image, integrated: what each value adds to the score of the baseline.
 * They sum to the difference of the two scores, `expectedSum`, as far as the steps suffice. Source: Sundararajan et al. 2017, arXiv
 * 1703.01365.
 * @returns an explanation of each image.
 * @throws ArgumentError where an argument does not fit, or the network has a step without a gradient.
 */
export async function integratedGradients(
  model: AnyModule,
  x: ExplainInput,
  options: IntegratedGradientsOptions = {},
): Promise<Explanation[]> {
  const known = { ...commonOptions, baseline: true, steps: true, rule: true } as const;
  const subject = await subjectOf('integratedGradients', model, x, options, known);
  const { baseline, steps = 50, rule = 'gauss-legendre' } = options;
  checkInteger('integratedGradients: steps', steps, rule === 'trapezoid' ? 2 : 1);
  checkOneOf('integratedGradients: rule', rule, ['gauss-legendre', 'midpoint', 'trapezoid']);
  const baselines = await baselinesOf(subject, baseline);
  const { points, weights } = quadrature(rule, steps);
  return explainEach(subject, steps + 1, { steps, rule }, async (image, { target, score }, progress) => {
    const start = baselines(image);
    const way = difference(subject, image, start);
    const write = (place: number, out: Float32Array) => {
      for (let i = 0; i < out.length; i++) out[i] = start[i]! + points[place]! * way[i]!;
    };
    const sums = new Float64Array(subject.size);
    await variantGradients(subject, target, steps, write, progress, (place, gradient) => {
      for (let i = 0; i < sums.length; i++) sums[i]! += weights[place]! * gradient[i]!;
    });
    const values = way.map((value, i) => value * sums[i]!);
    const [startScore] = await scoreVariants(subject, target, 1, (_, out) => out.set(start), progress);
    return { values, map: sumChannels(subject, values), expectedSum: score - startScore! };
  });
}
