/** Of D65's white, in XYZ. */
const white = [0.95047, 1, 1.08883] as const;

/** Red, green and blue of sRGB, from 0 to 1, as CIE Lab. */
export function labOf(rgb: Float64Array): Float64Array {
  const lab = new Float64Array(rgb.length);
  for (let i = 0; i < rgb.length; i += 3) {
    const r = linear(rgb[i]!);
    const g = linear(rgb[i + 1]!);
    const b = linear(rgb[i + 2]!);
    const x = cubeRoot((0.412453 * r + 0.35758 * g + 0.180423 * b) / white[0]);
    const y = cubeRoot((0.212671 * r + 0.71516 * g + 0.072169 * b) / white[1]);
    const z = cubeRoot((0.019334 * r + 0.119193 * g + 0.950227 * b) / white[2]);
    lab[i] = 116 * y - 16;
    lab[i + 1] = 500 * (x - y);
    lab[i + 2] = 200 * (y - z);
  }
  return lab;
}

function linear(value: number): number {
  return value > 0.04045 ? ((value + 0.055) / 1.055) ** 2.4 : value / 12.92;
}

function cubeRoot(value: number): number {
  return value > 0.008856 ? Math.cbrt(value) : 7.787 * value + 16 / 116;
}
