/** Lengths of a step to a neighbour, to one across a corner, and of a knight's move, with 16 bits after the point. */
const [STRAIGHT, DIAGONAL, KNIGHT] = [65536, Math.round(1.4 * 65536), Math.round(2.1969 * 65536)] as const;
const FAR = 2 ** 29;

/** How far each pixel is from the nearest one that is set, in steps (Borgefors 1986), as OpenCV's `DIST_L2` of mask 5. */
export function distancesTo(isSet: Uint8Array, width: number, height: number): Float32Array {
  // With a border of two pixels, which stay far.
  const stride = width + 4;
  const steps = new Int32Array(stride * (height + 4)).fill(FAR);
  for (let y = 2, from = 0; y < height + 2; y++) {
    for (let x = 2; x < width + 2; x++, from++) if (isSet[from]) steps[y * stride + x] = 0;
  }
  for (let y = 2; y < height + 2; y++) {
    for (let x = 2; x < width + 2; x++) relax(steps, y * stride + x, -1, -stride);
  }
  for (let y = height + 1; y >= 2; y--) {
    for (let x = width + 1; x >= 2; x--) relax(steps, y * stride + x, 1, stride);
  }
  const out = new Float32Array(width * height);
  for (let y = 2, to = 0; y < height + 2; y++) {
    for (let x = 2; x < width + 2; x++, to++) out[to] = steps[y * stride + x]! / 65536;
  }
  return out;
}

/** Takes the shorter way over a neighbour, of those before a place, one step to the side or one or two rows away. */
function relax(steps: Int32Array, i: number, side: number, row: number): void {
  const steep = Math.min(steps[i + 2 * row - side]!, steps[i + 2 * row + side]!);
  const flat = Math.min(steps[i + row - 2 * side]!, steps[i + row + 2 * side]!);
  const diagonal = Math.min(steps[i + row - side]!, steps[i + row + side]!);
  const straight = Math.min(steps[i + row]!, steps[i + side]!);
  const knight = Math.min(steep, flat) + KNIGHT;
  steps[i] = Math.min(steps[i]!, knight, Math.min(diagonal + DIAGONAL, straight + STRAIGHT));
}
