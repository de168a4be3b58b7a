import type { Random } from '../../core/random.js';
import type { RgbImage } from '../../vision/image.js';
import { mapped } from './pixels.js';

/** Adds normal noise of this standard deviation. */
export function gaussianNoise(image: RgbImage, deviation: number, random: Random): RgbImage {
  const noise = random.normalArray(image.data.length, deviation);
  return mapped(image, (value, i) => value + noise[i]!);
}

/** Normal noise that is stronger where the image is bright. */
export function speckleNoise(image: RgbImage, deviation: number, random: Random): RgbImage {
  const noise = random.normalArray(image.data.length, deviation);
  return mapped(image, (value, i) => value + value * noise[i]!);
}

/** Noise of counting light: a Poisson number of photons, of which white has `photons` on average. */
export function shotNoise(image: RgbImage, photons: number, random: Random): RgbImage {
  const tables = new Array<Float64Array | undefined>(256);
  return mapped(image, (value, i) => {
    if (value === 0) return 0;
    const table = (tables[image.data[i]!] ??= poissonTable(value * photons));
    const drawn = random.uniform();
    let count = 0;
    while (count < table.length && table[count]! <= drawn) count++;
    return count / photons;
  });
}

/** The share of numbers up to 0, 1, 2, … of a Poisson distribution, as far as a 32-bit draw can tell. */
function poissonTable(mean: number): Float64Array {
  const shares: number[] = [];
  let share = Math.exp(-mean);
  let sum = 0;
  for (let count = 0; sum < 1 - 2 ** -33 && count < 10 * mean + 50; count++) {
    sum += share;
    shares.push(sum);
    share *= mean / (count + 1);
  }
  return Float64Array.from(shares);
}

/** Makes this share of the values black or white, as often the one as the other. */
export function impulseNoise(image: RgbImage, share: number, random: Random): RgbImage {
  return mapped(image, (value) => {
    const drawn = random.uniform();
    if (drawn >= share) return value;
    return drawn < share / 2 ? 0 : 1;
  });
}
