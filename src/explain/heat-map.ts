import { check, checkBoolean, checkInteger, checkOptions, shown } from '../core/errors.js';
import { asRgbImage, type RgbImage } from '../vision/image.js';
import { resize } from '../vision/resize.js';
import { Canvas, TEXT_HEIGHT } from './canvas.js';
import { colorOf, type Rgb } from './colors.js';
import type { Explanation } from './explanation.js';
import { resizeMap } from './resize-map.js';

/** Options of {@link heatMap}. */
export interface HeatMapOptions {
  /** What lies below the map. Default what the network saw, where it was given a photo; otherwise nothing. */
  readonly image?: RgbImage;
  /** How much of the colours is the map, from 0 to 1; the rest is the image in grey. Default 0.6, without image 1. */
  readonly opacity?: number;
  /** The picture's longer side without the legend, in pixels. Default the image's, at least 256. */
  readonly size?: number;
  /** Whether a bar on the right says what the colours mean. Default true. */
  readonly legend?: boolean;
}

/** Of all pixels, how many are within the colours; what the others have more is not seen, so that one pixel darkens no others. */
const WITHIN = 0.995;
const BAR = { gap: 6, width: 14, text: 64 };
const dark: Rgb = [0, 0, 0];
const light: Rgb = [235, 235, 235];

/**
 * A picture of an explanation: the map in colours over the image, with a legend. Maps without negative values go from black (0) to
 * light yellow, others from blue (against the class) over black (0) to red (for it); both scales are evenly perceived.
 * `encodePng` makes a file of it, and a page draws it by `new ImageData`.
 * @throws ArgumentError where an option does not fit, or the explanation is none.
 */
export function heatMap(explanation: Explanation, options: HeatMapOptions = {}): RgbImage {
  checkExplanation(explanation);
  checkOptions('heatMap', options, { image: true, opacity: true, size: true, legend: true });
  const given = options.image ?? explanation.image;
  const image = given && asRgbImage(given);
  const { opacity = image ? 0.6 : 1, legend = true } = options;
  check(opacity >= 0 && opacity <= 1, () => `heatMap: the opacity is ${opacity}; give a number from 0 to 1.`);
  checkBoolean('heatMap: legend', legend);
  const { height: mapHeight, width: mapWidth, map } = explanation;
  const [tall, wide] = image ? [image.height, image.width] : [mapHeight, mapWidth];
  const { size = Math.max(256, tall, wide) } = options;
  checkInteger('heatMap: size', size, 1);
  const height = Math.max(1, Math.round((size * tall) / Math.max(tall, wide)));
  const width = Math.max(1, Math.round((size * wide) / Math.max(tall, wide)));
  const values = resizeMap(map, [mapHeight, mapWidth], [height, width]);
  const scale = scaleOf(map);
  const below = image && greyOf(resize(image, height, width, 'bilinear'));
  const right = legend ? BAR.gap + BAR.width + BAR.text : 0;
  const canvas = new Canvas(width + right, height, dark);
  for (const [i, value] of values.entries()) {
    const grey = below ? below[i]! * (1 - opacity) : 0;
    const [red, green, blue] = scale.color(value);
    const color: Rgb = [grey + opacity * red, grey + opacity * green, grey + opacity * blue];
    canvas.set(i % width, Math.floor(i / width), color);
  }
  if (legend) drawLegend(canvas, width, scale);
  return { width: canvas.width, height: canvas.height, data: canvas.data };
}

function checkExplanation(explanation: Explanation): void {
  const map: unknown = (explanation as Explanation | undefined)?.map;
  check(
    map instanceof Float32Array,
    () =>
      `heatMap: the explanation is ${shown(explanation)}; give one of those in the array that a method gives, such as explanations[0].`,
  );
  check(
    map.length === explanation.height * explanation.width && map.every(Number.isFinite),
    () =>
      `heatMap: the map has ${map.length} values; give ${explanation.height} x ${explanation.width} finite ones.`,
  );
}

/** What colours mean. */
interface Scale {
  readonly low: number;
  readonly high: number;
  color(value: number): Rgb;
}

function scaleOf(map: Float32Array): Scale {
  const sizes = map.map(Math.abs).sort();
  const most = sizes[Math.floor(WITHIN * (sizes.length - 1))]! || sizes.at(-1)!;
  const isSigned = map.some((value) => value < 0);
  const part = (value: number) => (most === 0 ? 0 : value / most);
  return isSigned
    ? { low: -most, high: most, color: (value) => colorOf('berlin', 0.5 + part(value) / 2) }
    : { low: 0, high: most, color: (value) => colorOf('inferno', part(value)) };
}

function drawLegend(canvas: Canvas, from: number, { low, high, color }: Scale): void {
  const left = from + BAR.gap;
  const last = canvas.height - 1;
  for (let y = 0; y <= last; y++) {
    const value = high + ((low - high) * y) / Math.max(last, 1);
    for (let x = 0; x < BAR.width; x++) canvas.set(left + x, y, color(value));
  }
  const marks = low < 0 ? [high, 0, low] : [high, high / 2, 0];
  for (const [i, value] of marks.entries()) {
    const y = Math.round(((last - TEXT_HEIGHT) * i) / 2);
    canvas.number(value, left + BAR.width + BAR.gap, y, light);
  }
}

function greyOf({ data }: RgbImage): Float32Array {
  return Float32Array.from(
    { length: data.length / 3 },
    (_, i) => 0.299 * data[3 * i]! + 0.587 * data[3 * i + 1]! + 0.114 * data[3 * i + 2]!,
  );
}
