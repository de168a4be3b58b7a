import { declare, flatMain, typeOf } from './buffers.js';

/** The text of the sums over the first axis, in its order, of the buffers parts [slices, …] and sums, of a multiple of `row`. */
export function addSlicesSource(row: number): string {
  return `${declare([
    { name: 'parts', row },
    { name: 'sums', row, writes: true },
  ])}
${flatMain(`  let length = arrayLength(&sums);
  if (i >= length) { return; }
  var sum = ${typeOf(row)}();
  for (var at = i; at < arrayLength(&parts); at += length) { sum += parts[at]; }
  sums[i] = sum;`)}`;
}
