import { checkInteger, checkOptions, checkPositive } from '../core/errors.js';
import { roundHalfEven } from '../core/round-half-even.js';
import { asRgbImage, noImage, type RgbImage } from '../vision/image.js';
import { joinParts } from './join-parts.js';
import { labOf } from './lab.js';

/** Options of {@link slic}. */
export interface SlicOptions {
  /** About how many. Default 50. */
  readonly count?: number;
  /** How much distance counts against colour: large values give squares. Default 10. */
  readonly compactness?: number;
}

/** Rounds of assigning pixels and moving centres. */
const ROUNDS = 10;

/**
 * Superpixels: parts of an image of one colour and about one size, found by k-means over places and Lab colours (Achanta et al. 2012,
 * SLIC, IEEE TPAMI 34). As scikit-image's `slic`.
 * @returns height * width numbers, the part of each pixel, from 0 on.
 * @throws ArgumentError where it is no picture in memory, or an option is out of range.
 */
export function slic(image: RgbImage, options: SlicOptions = {}): Int32Array {
  checkOptions('slic', options, { count: true, compactness: true });
  const picture = asRgbImage(image);
  if (!picture) throw noImage(image);
  const { width, height, data } = picture;
  return superpixelsOf(Float64Array.from(data), [height, width, 3], options);
}

/** The same of values of any range and number of channels; of three, they are taken for red, green and blue. */
export function superpixelsOf(
  values: Float64Array,
  [height, width, channels]: readonly [number, number, number],
  { count = 50, compactness = 10 }: SlicOptions,
): Int32Array {
  checkInteger('slic: count', count, 1);
  checkPositive('slic: compactness', compactness);
  const scaled = fromZeroToOne(values);
  const colors = (channels === 3 ? labOf(scaled) : scaled).map((value) => value / compactness);
  const { rows, columns, stepY, stepX } = gridOf(height, width, count);
  const centers = rows.flatMap((y) => columns.map((x) => ({ y, x, color: new Float64Array(channels) })));
  // A centre looks at pixels of two steps around it; scikit-image finds these steps anew, for as many centres as there are.
  const { stepY: reachY, stepX: reachX } = gridOf(height, width, centers.length);
  const reach = { y: 2 * reachY, x: 2 * reachX };
  const labels = cluster(colors, [height, width, channels], centers, Math.max(stepY, stepX), reach);
  return joinParts(labels, [height, width], (height * width) / centers.length);
}

interface Center {
  y: number;
  x: number;
  color: Float64Array;
}

function cluster(
  colors: Float64Array,
  [height, width, channels]: readonly [number, number, number],
  centers: Center[],
  step: number,
  reach: { readonly y: number; readonly x: number },
): Int32Array {
  const labels = new Int32Array(height * width);
  const distances = new Float64Array(height * width);
  const spatial = 1 / step ** 2;
  for (let round = 0; round < ROUNDS; round++) {
    let changed = false;
    distances.fill(Infinity);
    for (const [label, { y: cy, x: cx, color }] of centers.entries()) {
      const [top, bottom] = rangeAround(cy, reach.y, height);
      const [left, right] = rangeAround(cx, reach.x, width);
      for (let y = top; y < bottom; y++) {
        const down = (cy - y) ** 2;
        for (let x = left, i = (y * width + left) * channels; x < right; x++) {
          const pixel = y * width + x;
          let distance = (down + (cx - x) ** 2) * spatial;
          for (let c = 0; c < channels; c++, i++) {
            const apart = colors[i]! - color[c]!;
            distance += apart * apart;
          }
          if (distances[pixel]! <= distance) continue;
          distances[pixel] = distance;
          labels[pixel] = label;
          changed = true;
        }
      }
    }
    if (!changed) break;
    moveCenters(centers, labels, colors, [width, channels]);
  }
  return labels;
}

function rangeAround(center: number, reach: number, side: number): [first: number, end: number] {
  return [Math.max(Math.trunc(center - reach), 0), Math.min(Math.trunc(center + reach + 1), side)];
}

/** Each to the mean of its pixels; one without pixels goes nowhere, as in scikit-image. */
function moveCenters(
  centers: Center[],
  labels: Int32Array,
  colors: Float64Array,
  [width, channels]: readonly [number, number],
): void {
  const counts = new Float64Array(centers.length);
  for (const center of centers) Object.assign(center, { y: 0, x: 0, color: center.color.fill(0) });
  for (let pixel = 0, y = 0; pixel < labels.length; y++) {
    for (let x = 0; x < width; x++, pixel++) {
      const label = labels[pixel]!;
      const center = centers[label]!;
      counts[label]!++;
      center.y += y;
      center.x += x;
      for (let c = 0; c < channels; c++) center.color[c]! += colors[pixel * channels + c]!;
    }
  }
  for (const [label, center] of centers.entries()) {
    center.y /= counts[label]!;
    center.x /= counts[label]!;
    for (let c = 0; c < channels; c++) center.color[c]! /= counts[label]!;
  }
}

/** The first centres, as scikit-image's `regular_grid` has them. */
function gridOf(height: number, width: number, count: number) {
  const [short, long] = [Math.min(height, width), Math.max(height, width)];
  let [shortStep, longStep] = [Math.sqrt((short * long) / count), Math.sqrt((short * long) / count)];
  if (short * long <= count) [shortStep, longStep] = [1, 1];
  else if (short < shortStep) [shortStep, longStep] = [short, long / count];
  const axis = (side: number, step: number) => {
    const whole = Math.max(1, roundHalfEven(step));
    const places: number[] = [];
    for (let at = Math.floor(step / 2); at < side; at += whole) places.push(at);
    return { places, step: whole };
  };
  const [stepOfY, stepOfX] = height <= width ? [shortStep, longStep] : [longStep, shortStep];
  const [y, x] = [axis(height, stepOfY), axis(width, stepOfX)];
  return { rows: y.places, columns: x.places, stepY: y.step, stepX: x.step };
}

function fromZeroToOne(values: Float64Array): Float64Array {
  let [least, most] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const range = most - least || 1;
  return values.map((value) => (value - least) / range);
}
