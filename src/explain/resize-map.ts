/** A part of a map. */
export interface Crop {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/**
 * A map in another size, by bilinear interpolation between the middles of its places; outside of them as at the edge.
 * @param crop - What of the result is wanted. Default all.
 */
export function resizeMap(
  map: ArrayLike<number>,
  [height, width]: readonly [number, number],
  [toHeight, toWidth]: readonly [number, number],
  crop: Crop = { top: 0, left: 0, height: toHeight, width: toWidth },
): Float32Array {
  const rows = places(height, toHeight, crop.top, crop.height);
  const columns = places(width, toWidth, crop.left, crop.width);
  const line = new Float64Array(width);
  const out = new Float32Array(crop.height * crop.width);
  let to = 0;
  for (let y = 0; y < crop.height; y++) {
    const [above, below, part] = [rows.low[y]! * width, rows.high[y]! * width, rows.part[y]!];
    for (let x = 0; x < width; x++) line[x] = map[above + x]! * (1 - part) + map[below + x]! * part;
    for (let x = 0; x < crop.width; x++) {
      const [left, right, part] = [line[columns.low[x]!]!, line[columns.high[x]!]!, columns.part[x]!];
      out[to++] = left * (1 - part) + right * part;
    }
  }
  return out;
}

/** The neighbours of `count` places from `first` on, of `to` places over `from`, and how far each is on the way to the higher one. */
function places(from: number, to: number, first: number, count: number) {
  const [low, high, part] = [new Int32Array(count), new Int32Array(count), new Float64Array(count)];
  for (let i = 0; i < count; i++) {
    const place = Math.min(Math.max(((first + i + 0.5) * from) / to - 0.5, 0), from - 1);
    low[i] = Math.floor(place);
    high[i] = Math.min(low[i]! + 1, from - 1);
    part[i] = place - low[i]!;
  }
  return { low, high, part };
}
