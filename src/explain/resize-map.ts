/** A map in another size, by bilinear interpolation between the middles of its places; outside of them as at the edge. */
export function resizeMap(
  map: ArrayLike<number>,
  [height, width]: readonly [number, number],
  [toHeight, toWidth]: readonly [number, number],
): Float32Array {
  const rows = places(height, toHeight);
  const columns = places(width, toWidth);
  const out = new Float32Array(toHeight * toWidth);
  let to = 0;
  for (const { low: y0, high: y1, part: fy } of rows) {
    for (const { low: x0, high: x1, part: fx } of columns) {
      const top = map[y0 * width + x0]! * (1 - fx) + map[y0 * width + x1]! * fx;
      const bottom = map[y1 * width + x0]! * (1 - fx) + map[y1 * width + x1]! * fx;
      out[to++] = top * (1 - fy) + bottom * fy;
    }
  }
  return out;
}

function places(from: number, to: number): { low: number; high: number; part: number }[] {
  return Array.from({ length: to }, (_, i) => {
    const place = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(place);
    return { low, high: Math.min(low + 1, from - 1), part: place - low };
  });
}
