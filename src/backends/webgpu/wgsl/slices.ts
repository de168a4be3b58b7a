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

/**
 * The text of several such sums into one buffer, of the buffers table, sums and the parts of each. The table has, in fours of floats,
 * the place of each sum and its length.
 */
export function addSlicesOfManySource(count: number): string {
  const lists = Array.from({ length: count }, (_, k) => `parts${k}`);
  const each = lists.map(
    (parts, k) => `  let length${k} = table[${2 * k + 1}u];
  if (at < length${k}) {
    var sum = vec4f();
    for (var part = at; part < arrayLength(&${parts}); part += length${k}) { sum += ${parts}[part]; }
    sums[table[${2 * k}u] + at] = sum;
    return;
  }
  at -= length${k};`,
  );
  return `@group(0) @binding(0) var<storage, read> table: array<u32>;
@group(0) @binding(1) var<storage, read_write> sums: array<vec4f>;
${lists.map((parts, k) => `@group(0) @binding(${k + 2}) var<storage, read> ${parts}: array<vec4f>;`).join('\n')}
${flatMain(`  var at = i;
${each.join('\n')}`)}`;
}
