import { check, checkInteger } from '../core/errors.js';
import { checkExplanations } from './faithfulness.js';
import type { Explanation } from './explanation.js';

/** A rectangle of an image, in pixels from the upper left corner. */
export interface Region {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** Whether a map shows where a known object is. */
export interface Localization {
  /** Whether the largest value is on the object: the pointing game (Zhang et al. 2018, arXiv 1608.00507). */
  readonly hit: boolean;
  /** How much of the positive values is on the object, from 0 to 1; 0 where none is positive. */
  readonly share: number;
}

/**
 * Judges an explanation of an image in which the place of the object is known; quantus' PointingGame and AttributionLocalisation.
 * @param region - Where the object is.
 * @throws ArgumentError where the region is not inside the image.
 */
export function localization(explanation: Explanation, region: Region): Localization {
  checkExplanations('localization', [explanation]);
  const { map, height, width } = explanation;
  const { top, left } = region;
  checkInteger('localization: top', top, 0);
  checkInteger('localization: left', left, 0);
  checkInteger('localization: height', region.height, 1);
  checkInteger('localization: width', region.width, 1);
  const [bottom, right] = [top + region.height, left + region.width];
  check(
    bottom <= height && right <= width,
    () => `localization: the region ends at ${bottom}, ${right}, and the image is ${height} x ${width}.`,
  );
  const isInside = (pixel: number) => {
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    return y >= top && y < bottom && x >= left && x < right;
  };
  let [most, inside, all] = [0, 0, 0];
  for (const [pixel, value] of map.entries()) {
    if (value > map[most]!) most = pixel;
    if (value <= 0) continue;
    all += value;
    if (isInside(pixel)) inside += value;
  }
  return { hit: isInside(most), share: all === 0 ? 0 : inside / all };
}
