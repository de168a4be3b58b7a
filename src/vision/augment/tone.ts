import type { RgbImage } from '../image.js';

/** Keeps the highest bits of every value. As torchvision's posterize. */
export function posterize(image: RgbImage, bits: number): RgbImage {
  const mask = 0xff & ~(2 ** (8 - bits) - 1);
  return mapValues(image, (value) => value & mask);
}

/** Inverts the values from the threshold on. As torchvision's solarize. */
export function solarize(image: RgbImage, threshold: number): RgbImage {
  return mapValues(image, (value) => (value < threshold ? value : 255 - value));
}

/** Inverts all values. As torchvision's invert. */
export function invert(image: RgbImage): RgbImage {
  return mapValues(image, (value) => 255 - value);
}

/** Stretches each channel so that its least value becomes 0 and its largest 255. As torchvision's autocontrast. */
export function autoContrast(image: RgbImage): RgbImage {
  const tables = histograms(image).map((counts) => {
    const low = counts.findIndex((count) => count > 0);
    const high = counts.findLastIndex((count) => count > 0);
    const scale = 255 / (high - low);
    return table((value) =>
      high <= low ? value : Math.min(255, Math.max(0, Math.trunc(value * scale - low * scale))),
    );
  });
  return lookUp(image, tables);
}

/** Spreads the values of each channel so that all are about as frequent. As torchvision's equalize. */
export function equalize(image: RgbImage): RgbImage {
  const tables = histograms(image).map((counts) => {
    const present = counts.filter((count) => count > 0);
    const step = Math.floor((image.width * image.height - present.at(-1)!) / 255);
    let sum = Math.floor(step / 2);
    return table((value) => {
      if (step === 0) return value;
      const level = Math.floor(sum / step);
      sum += counts[value]!;
      return Math.min(255, level);
    });
  });
  return lookUp(image, tables);
}

function table(map: (value: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, value) => map(value));
}

/** How often each value occurs in each channel. */
function histograms({ data }: RgbImage): number[][] {
  const counts = [0, 1, 2].map(() => new Array<number>(256).fill(0));
  for (let i = 0; i < data.length; i++) counts[i % 3]![data[i]!]!++;
  return counts;
}

function mapValues(image: RgbImage, map: (value: number) => number): RgbImage {
  const same = table(map);
  return lookUp(image, [same, same, same]);
}

/** Replaces each value by what its channel's table has for it. */
function lookUp({ width, height, data }: RgbImage, tables: readonly Uint8Array[]): RgbImage {
  const out = new Uint8Array(data.length);
  const [red, green, blue] = tables as [Uint8Array, Uint8Array, Uint8Array];
  for (let i = 0; i < data.length; i += 3) {
    out[i] = red[data[i]!]!;
    out[i + 1] = green[data[i + 1]!]!;
    out[i + 2] = blue[data[i + 2]!]!;
  }
  return { width, height, data: out };
}
