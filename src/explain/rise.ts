import { check, checkInteger } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { Random } from '../core/random.js';
import type { Explanation, SampledOptions } from './explanation.js';
import { resizeMap } from './resize-map.js';
import { commonOptions, imageValues, subjectOf, type ExplainInput } from './subject.js';
import { explainEach, scoreVariants } from './variants.js';

/** Options of {@link rise}. */
export interface RiseOptions extends SampledOptions {
  /** Masks that each image is seen through. Default 1000; the paper takes 4000 to 8000. */
  readonly samples?: number;
  /** Cells of a mask in each direction. Default 7. */
  readonly cells?: number;
  /** How likely a cell is open. Default 0.5. */
  readonly open?: number;
}

/**
 * The mean of random soft masks, each weighted by the probability that the network gives the class through it. Needs no gradient.
 * Source: Petsiuk et al. 2018, arXiv 1806.07421.
 * @returns an explanation of each image.
 * @throws ArgumentError where an argument does not fit.
 */
export async function rise(
  model: AnyModule,
  x: ExplainInput,
  options: RiseOptions = {},
): Promise<Explanation[]> {
  const known = { ...commonOptions, samples: true, seed: true, cells: true, open: true } as const;
  const subject = await subjectOf('rise', model, x, { output: 'probability', ...options }, known);
  const { samples = 1000, seed = 0, cells = 7, open = 0.5 } = options;
  checkInteger('rise: samples', samples, 1);
  checkInteger('rise: cells', cells, 1);
  check(
    open > 0 && open < 1,
    () => `rise: the chance of an open cell is ${open}; give a number between 0 and 1.`,
  );
  const { height, width, channels } = subject;
  const random = new Random(seed);
  const settings = { samples, seed, cells, open };
  return explainEach(subject, samples, settings, async (image, { target }, progress) => {
    const original = imageValues(subject, image);
    const masks = new Map<number, Float32Array>();
    const write = (place: number, out: Float32Array) => {
      const mask = randomMask(random, cells, open, [height, width]);
      masks.set(place, mask);
      for (let i = 0, pixel = 0; pixel < mask.length; pixel++)
        for (let c = 0; c < channels; c++, i++) out[i] = original[i]! * mask[pixel]!;
    };
    const sums = new Float64Array(height * width);
    await scoreVariants(subject, target, samples, write, progress, (place, score) => {
      const mask = masks.get(place)!;
      masks.delete(place);
      for (let i = 0; i < sums.length; i++) sums[i]! += score * mask[i]!;
    });
    return { map: Float32Array.from(sums, (sum) => sum / (samples * open)) };
  });
}

/** Cells that are open or closed, enlarged to a little more than the image and shifted at random. */
function randomMask(
  random: Random,
  cells: number,
  open: number,
  [height, width]: readonly [number, number],
): Float32Array {
  const grid = Uint8Array.from({ length: cells * cells }, () => Number(random.uniform() < open));
  const cellHeight = Math.ceil(height / cells);
  const cellWidth = Math.ceil(width / cells);
  const size = [(cells + 1) * cellHeight, (cells + 1) * cellWidth] as const;
  const [top, left] = [random.integer(cellHeight), random.integer(cellWidth)];
  return resizeMap(grid, [cells, cells], size, { top, left, height, width });
}
