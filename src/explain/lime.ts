import { checkInteger, checkPositive } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { Random } from '../core/random.js';
import type { Baseline, Explanation, SampledOptions } from './explanation.js';
import { ridge } from './least-squares.js';
import { baselinesOf, commonOptions, imageValues, subjectOf, type ExplainInput } from './subject.js';
import {
  covering,
  mapOf,
  meanColors,
  segmenter,
  superpixelOptions,
  type SuperpixelOptions,
} from './superpixels.js';
import { explainEach, scoreVariants } from './variants.js';

/** Options of {@link lime}. */
export interface LimeOptions extends SampledOptions, SuperpixelOptions {
  /** Default 1000. */
  readonly samples?: number;
  /** What a covered superpixel shows. Default its mean colour. */
  readonly baseline?: Baseline;
  /** How fast the weight of a sample falls with its distance from the image. Default 0.25. */
  readonly kernelWidth?: number;
}

/** What ridge regression adds for the squares of the coefficients, as lime's. */
const ALPHA = 1;

/**
 * The coefficients of a linear function of superpixels, seen or covered, that is fitted to the network around the image: ridge
 * regression over random samples, each weighted by its cosine distance from the image. `settings.fit` is the part of the scores' variance
 * that it explains (R squared), and `settings.intercept` its constant. Source: Ribeiro et al. 2016, arXiv 1602.04938; as the package lime, with SLIC.
 * @returns an explanation of each image.
 * @throws ArgumentError where an argument does not fit.
 */
export async function lime(
  model: AnyModule,
  x: ExplainInput,
  options: LimeOptions = {},
): Promise<Explanation[]> {
  const more = { samples: true, seed: true, baseline: true, kernelWidth: true } as const;
  const known = { ...commonOptions, ...superpixelOptions, ...more };
  const subject = await subjectOf('lime', model, x, { output: 'probability', ...options }, known);
  const { samples = 1000, seed = 0, kernelWidth = 0.25, baseline } = options;
  checkInteger('lime: samples', samples, 2);
  checkPositive('lime: kernelWidth', kernelWidth);
  const segmentsOf = segmenter(subject, options);
  const baselines = baseline === undefined ? undefined : await baselinesOf(subject, baseline);
  const random = new Random(seed);
  return explainEach(
    subject,
    samples,
    { samples, seed, kernelWidth },
    async (image, { target }, progress) => {
      const segments = segmentsOf(image);
      const { labels, count } = segments;
      const original = imageValues(subject, image);
      const covered = baselines?.(image) ?? meanColors(original, segments);
      const inputs = Array.from({ length: samples }, (_, s) =>
        Uint8Array.from({ length: count }, () => (s === 0 || random.uniform() < 0.5 ? 1 : 0)),
      );
      const cover = covering(original, covered, labels);
      const write = (place: number, out: Float32Array) => cover(inputs[place]!, out);
      const outputs = await scoreVariants(subject, target, samples, write, progress);
      const weights = Float64Array.from(inputs, (switches) => weightOf(switches, kernelWidth));
      const { coefficients, intercept, fit } = ridge({ inputs, outputs, weights }, ALPHA);
      const superpixels = { labels, values: coefficients };
      return { map: mapOf(superpixels), superpixels, more: { superpixels: count, intercept, fit } };
    },
  );
}

/** By the cosine distance from the image, in which every superpixel is seen. */
function weightOf(switches: Uint8Array, width: number): number {
  const seen = switches.reduce((sum, value) => sum + value, 0);
  const distance = 1 - Math.sqrt(seen / switches.length);
  return Math.sqrt(Math.exp(-(distance ** 2) / width ** 2));
}
