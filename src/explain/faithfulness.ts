import { check, checkInteger } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import type { Baseline, Explanation, ExplainOptions } from './explanation.js';
import { baselinesOf, commonOptions, imageValues, subjectOf, type ExplainInput } from './subject.js';
import { Progress, scoreVariants } from './variants.js';

/** Options of {@link faithfulness}. */
export interface FaithfulnessOptions extends Omit<ExplainOptions, 'target'> {
  /** In how many steps the image goes. Default 32. */
  readonly steps?: number;
  /** What a pixel that is gone shows. Default 0. */
  readonly baseline?: Baseline;
}

/** What the class gets as an image's pixels go or come. */
export interface FaithfulnessCurve {
  /** Of each step: the part of the pixels that are gone (deletion) or there (insertion), from 0 to 1. */
  readonly parts: Float64Array;
  /** Of each step: the class's score. */
  readonly scores: Float64Array;
  /** Below the curve. */
  readonly area: number;
}

/** Whether a map names the pixels that the network goes by. */
export interface Faithfulness {
  /** The pixels that count most go first: the smaller the area, the better the map. */
  readonly deletion: FaithfulnessCurve;
  /** They come first: the larger the area, the better the map. */
  readonly insertion: FaithfulnessCurve;
}

/**
 * Judges explanations by the network itself: pixels are taken out of the image, and put into an empty one, in the order of the map,
 * and the class's probability is followed. Source: Petsiuk et al. 2018, arXiv 1806.07421, section 3.4; deletion is quantus' PixelFlipping.
 * @param explanations - Of the images `x`, in their order.
 * @returns for each image its two curves.
 * @throws ArgumentError where an argument does not fit.
 */
export async function faithfulness(
  model: AnyModule,
  x: ExplainInput,
  explanations: readonly Explanation[],
  options: FaithfulnessOptions = {},
): Promise<Faithfulness[]> {
  checkExplanations('faithfulness', explanations);
  const target = explanations.map(({ target }) => target);
  const known = { ...commonOptions, steps: true, baseline: true } as const;
  const given = { output: 'probability', ...options, target } as const;
  const subject = await subjectOf('faithfulness', model, x, given, known);
  const { steps = 32, baseline } = options;
  checkInteger('faithfulness: steps', steps, 1);
  const { height, width, channels } = subject;
  const pixels = height * width;
  check(
    explanations.every(({ map }) => map.length === pixels),
    () => `faithfulness: an explanation is of another size than the images, ${height} x ${width}.`,
  );
  const baselines = await baselinesOf(subject, baseline);
  const progress = new Progress(subject, 2 * (steps + 1) * explanations.length);
  const results: Faithfulness[] = [];
  try {
    for (const [image, { map, target }] of explanations.entries()) {
      const original = imageValues(subject, image);
      const empty = baselines(image);
      const order = Array.from(map.keys()).sort((i, j) => map[j]! - map[i]!);
      const curve = async (from: Float32Array, to: Float32Array): Promise<FaithfulnessCurve> => {
        const write = (step: number, out: Float32Array) => {
          out.set(from);
          for (const pixel of order.slice(0, Math.round((step * pixels) / steps)))
            for (let i = pixel * channels; i < (pixel + 1) * channels; i++) out[i] = to[i]!;
        };
        const scores = await scoreVariants(subject, target, steps + 1, write, progress);
        const parts = Float64Array.from(scores, (_, step) => Math.round((step * pixels) / steps) / pixels);
        return { parts, scores, area: areaBelow(parts, scores) };
      };
      const deletion = await curve(original, empty);
      results.push({ deletion, insertion: await curve(empty, original) });
    }
  } finally {
    subject.folding.dispose();
  }
  return results;
}

/** @throws ArgumentError where they are no list of explanations. */
export function checkExplanations(method: string, explanations: readonly Explanation[]): void {
  check(
    Array.isArray(explanations) && explanations.every((each) => each?.map instanceof Float32Array),
    () => `${method}: the explanations are none; give what a method such as gradCam gives.`,
  );
}

function areaBelow(x: Float64Array, y: Float64Array): number {
  let area = 0;
  for (let i = 1; i < x.length; i++) area += ((x[i]! - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2;
  return area;
}
