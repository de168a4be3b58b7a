/** A buffer of floats, in fours where every row of it has a multiple of four. */
export interface BufferOfFloats {
  readonly name: string;
  /** Values of a row, of which each starts at a multiple of them. */
  readonly row: number;
  readonly writes?: boolean;
}

/** Whether a buffer with rows of so many floats is an array of vec4f. */
export const inFours = (row: number) => row % 4 === 0;

/** The type of the values of a buffer with such rows. */
export const typeOf = (row: number) => (inFours(row) ? 'vec4f' : 'f32');

/** How many of these make a row. */
export const lengthOf = (row: number) => (inFours(row) ? row / 4 : row);

/** The declarations of a program's buffers, in the order in which it gets them. */
export function declare(buffers: readonly BufferOfFloats[]): string {
  return buffers
    .map(({ name, row, writes = false }, i) => {
      const access = writes ? 'read_write' : 'read';
      return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${typeOf(row)}>;`;
    })
    .join('\n');
}

/** Four floats from an index on. `index` has to be a multiple of 4 where the buffer is in fours. */
export function readFour(name: string, row: number, index: string): string {
  if (inFours(row)) return `${name}[(${index}) / 4u]`;
  return `vec4f(${[0, 1, 2, 3].map((i) => `${name}[${index} + ${i}u]`).join(', ')})`;
}

/** Four floats of a row of `row` from its term `k` on, zeros past the end. */
export function readTerms(name: string, row: number, start: string, k: string): string {
  const four = readFour(name, row, `${start} + ${k}`);
  if (inFours(row)) return four;
  return `select(vec4f(), ${four}, vec4u(${k}) + vec4u(0u, 1u, 2u, 3u) < vec4u(${row}u))`;
}

/** Sets values of a row from its place `column` on: four, or as many as the row still has. */
export function writeFour(name: string, row: number, start: string, column: string, value: string): string {
  if (inFours(row)) return `${name}[(${start} + ${column}) / 4u] = ${value};`;
  return [0, 1, 2, 3]
    .map(
      (i) => `if (${column} + ${i}u < ${row}u) { ${name}[${start} + ${column} + ${i}u] = ${value}[${i}]; }`,
    )
    .join(' ');
}

/** What activations of a fused operation make of `v`, of the type V; what is not a number stays so. */
const activations: Readonly<Record<string, string>> = {
  linear: 'v',
  relu: 'select(v, V(0.0), v < V(0.0))',
  relu6: 'select(select(v, V(0.0), v < V(0.0)), V(6.0), v > V(6.0))',
  sigmoid: '1.0 / (1.0 + exp(-v))',
  swish: 'v / (1.0 + exp(-v))',
};

/** Whether programs may end with this activation. */
export const isActivation = (name: string) => name in activations;

/** What an activation makes of the variable `v`, of a type. */
export function activated(name: string, type = 'vec4f'): string {
  return activations[name]!.replaceAll('V(', `${type}(`);
}

const THREADS = 64;
/** WebGPU's least limit of workgroups along an axis. */
const MOST_WORKGROUPS = 65_535;

/** Workgroups of {@link flatMain} for so many threads. */
export function flatWorkgroups(threads: number): [number, number, number] {
  const workgroups = Math.ceil(threads / THREADS);
  const down = Math.ceil(workgroups / MOST_WORKGROUPS);
  return [Math.ceil(workgroups / down), down, 1];
}

/** The entry of a program of separate threads, with the number `i` of each; it has to leave out those past the end. */
export function flatMain(body: string): string {
  return `@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let i = id.y * groups.x * ${THREADS}u + id.x;
${body}
}`;
}
