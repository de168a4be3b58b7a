/** A part smaller than this share of the usual size is joined to a neighbour, and a larger one than the other is cut. */
const SMALLEST = 0.5;
const LARGEST = 3;

/**
 * Makes every part of an image one connected area: pieces that lie apart become new parts or, where they are small, are joined to a
 * neighbour. As scikit-image's `slic` with `enforce_connectivity`.
 * @param usual - Pixels of a part, on the average.
 */
export function joinParts(
  labels: Int32Array,
  [height, width]: readonly [number, number],
  usual: number,
): Int32Array {
  const joined = new Int32Array(labels.length).fill(-1);
  const area = new Int32Array(labels.length);
  const least = Math.trunc(SMALLEST * usual);
  const most = Math.trunc(LARGEST * usual);
  let next = 0;
  for (let start = 0; start < labels.length; start++) {
    if (joined[start]! >= 0) continue;
    let [size, visited, neighbour] = [1, 0, 0];
    area[0] = start;
    joined[start] = next;
    while (visited < size && size < most) {
      for (const pixel of neighboursOf(area[visited]!, height, width)) {
        if (joined[pixel]! < 0 && labels[pixel] === labels[start]) {
          joined[pixel] = next;
          area[size++] = pixel;
          if (size >= most) break;
        } else if (joined[pixel]! >= 0 && joined[pixel] !== next) neighbour = joined[pixel]!;
      }
      visited++;
    }
    if (size < least) for (let i = 0; i < size; i++) joined[area[i]!] = neighbour;
    else next++;
  }
  return joined;
}

function neighboursOf(pixel: number, height: number, width: number): number[] {
  const x = pixel % width;
  const found: number[] = [];
  if (x + 1 < width) found.push(pixel + 1);
  if (x > 0) found.push(pixel - 1);
  if (pixel + width < height * width) found.push(pixel + width);
  if (pixel >= width) found.push(pixel - width);
  return found;
}
