import { check, checkInteger } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import type { Baseline, Explanation, ExplainOptions } from './explanation.js';
import { baselinesOf, commonOptions, imageValues, subjectOf, type ExplainInput } from './subject.js';
import { explainEach, scoreVariants } from './variants.js';

/** Options of {@link occlusion}. */
export interface OcclusionOptions extends ExplainOptions {
  /** Side of the square that covers a part of the image, in pixels. Default an eighth of the shorter side. */
  readonly window?: number;
  /** How far the square moves, in pixels. Default half of its side. */
  readonly stride?: number;
  /** What the square shows. Default 0. */
  readonly baseline?: Baseline;
}

/**
 * How much the score falls where a square covers the image; each pixel has the mean of the squares that cover it. Needs no
 * gradient. Source: Zeiler and Fergus 2013, arXiv 1311.2901, section 4.2.
 * @returns an explanation of each image.
 * @throws ArgumentError where an argument does not fit.
 */
export async function occlusion(
  model: AnyModule,
  x: ExplainInput,
  options: OcclusionOptions = {},
): Promise<Explanation[]> {
  const known = { ...commonOptions, window: true, stride: true, baseline: true } as const;
  const subject = await subjectOf('occlusion', model, x, options, known);
  const { height, width, channels } = subject;
  const { window = Math.max(1, Math.round(Math.min(height, width) / 8)), baseline } = options;
  const { stride = Math.ceil(window / 2) } = options;
  checkInteger('occlusion: window', window, 1);
  checkInteger('occlusion: stride', stride, 1);
  check(
    window <= height && window <= width && stride <= window,
    () =>
      `occlusion: the window is ${window} and the stride ${stride} for images of ${height} x ${width}; give a window of at most ` +
      'the image, and a stride of at most the window, so that every pixel is covered.',
  );
  const baselines = await baselinesOf(subject, baseline);
  const rows = starts(height, window, stride);
  const columns = starts(width, window, stride);
  const squares = rows.flatMap((top) => columns.map((left) => ({ top, left })));
  const settings = { window, stride };
  return explainEach(subject, squares.length, settings, async (image, { target, score }, progress) => {
    const original = imageValues(subject, image);
    const cover = baselines(image);
    const write = (place: number, out: Float32Array) => {
      out.set(original);
      for (const [from, to] of spans(squares[place]!))
        out.set(cover.subarray(from * channels, to * channels), from * channels);
    };
    const scores = await scoreVariants(subject, target, squares.length, write, progress);
    const sums = new Float64Array(height * width);
    const counts = new Uint32Array(height * width);
    for (const [place, square] of squares.entries()) {
      for (const [from, to] of spans(square)) {
        for (let i = from; i < to; i++) {
          sums[i]! += score - scores[place]!;
          counts[i]!++;
        }
      }
    }
    return { map: Float32Array.from(sums, (sum, i) => sum / counts[i]!) };
  });

  /** The pixels of a square, row by row. */
  function* spans({ top, left }: { top: number; left: number }): Generator<[from: number, to: number]> {
    const bottom = Math.min(top + window, height);
    const right = Math.min(left + window, width);
    for (let y = top; y < bottom; y++) yield [y * width + left, y * width + right];
  }
}

/** Where squares begin, so that the last one reaches the edge. */
function starts(side: number, window: number, stride: number): number[] {
  const count = Math.ceil((side - window) / stride) + 1;
  return Array.from({ length: count }, (_, i) => i * stride);
}
