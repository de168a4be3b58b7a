import { declare, flatMain } from './buffers.js';

// Tensors of a list lie in one buffer, each from a multiple of 64 floats on. The table is of four words a row: first the numbers of
// the rule, two rows, then two rows for each tensor: where it starts, in fours, its length, the rate and the decay; and what is
// kept of the weights.

/** Rows of the table before those of tensors. */
export const RULE_ROWS = 2;

/** What an update does to a value `w` with the gradient `g`, in statements; slots are `a` and `b`. */
interface Update {
  readonly slots: number;
  readonly code: string;
}

// The numbers of the rule are p.x to p.w and q.x to q.w.
const updates = {
  SGDStep: { slots: 0, code: 'w = w * keep - g * rate;' },
  'SGDStep momentum': {
    slots: 1,
    code: 'a = a * p.x + g; g = select(a, a * p.x + g, p.y != 0.0); w = w * keep - g * rate;',
  },
  AdamStep: {
    slots: 2,
    code: `a = a * p.x + g * p.y;
  b = b * p.z + g * g * p.w;
  w = w * keep - a * q.x / (sqrt(b) * q.y + q.z) * rate;`,
  },
  RMSPropStep: {
    slots: 1,
    code: 'a = a * p.x + g * g * p.y; w = w * keep - g * (1.0 / sqrt(a + p.w)) * rate;',
  },
  'RMSPropStep momentum': {
    slots: 2,
    code: `a = a * p.x + g * g * p.y;
  b = b * p.z + g * (1.0 / sqrt(a + p.w)) * rate;
  w = w * keep - b;`,
  },
  MovingAverageStep: { slots: 0, code: 'w = w + (g - w) * rate;' },
} satisfies Record<string, Update>;

/** The name of an update, with its slots in mind. */
export type UpdateProgram = keyof typeof updates;

/** Finds the tensor of the place `i`, by bisection. */
const find = `  var low = 0u;
  var high = (arrayLength(&table) - ${RULE_ROWS}u) / 2u;
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (bitcast<u32>(table[${RULE_ROWS}u + 2u * middle].x) <= i) { low = middle; } else { high = middle; }
  }
  let entry = table[${RULE_ROWS}u + 2u * low];`;

/** The text of a step of all variables, of the buffers table, gradients, variables, and a buffer for each slot. */
export function updateSource(name: UpdateProgram): string {
  const { slots, code } = updates[name];
  const changed = [`variables`, ...['firsts', 'seconds'].slice(0, slots)];
  return `${declare([
    { name: 'table', row: 4 },
    { name: 'gradients', row: 4 },
    ...changed.map((buffer) => ({ name: buffer, row: 4, writes: true })),
  ])}
${flatMain(`  if (i >= arrayLength(&variables)) { return; }
${find}
  let rate = entry.z;
  let keep = table[${RULE_ROWS + 1}u + 2u * low].x;
  let p = table[0];
  let q = table[1];
  var w = variables[i];
  var g = gradients[i];
  ${slots > 0 ? 'var a = firsts[i];' : ''}
  ${slots > 1 ? 'var b = seconds[i];' : ''}
  // 0 times infinity is not a number.
  if (entry.w != 0.0) { g += w * entry.w; }
  ${code}
  variables[i] = w;
  ${slots > 0 ? 'firsts[i] = a;' : ''}
  ${slots > 1 ? 'seconds[i] = b;' : ''}
  _ = p;
  _ = q;`)}`;
}

/** The text of factor * x, plus y where `adds`, of the buffers factor, xs, ys and result. */
export function scaledSumsSource(adds: boolean): string {
  return `${declare([
    { name: 'factor', row: 1 },
    { name: 'xs', row: 4 },
    ...(adds ? [{ name: 'ys', row: 4 }] : []),
    { name: 'result', row: 4, writes: true },
  ])}
${flatMain(`  if (i >= arrayLength(&result)) { return; }
  result[i] = xs[i] * factor[0]${adds ? ' + ys[i]' : ''};`)}`;
}

const THREADS = 256;
/** Workgroups of {@link squaresSource}, and the sums that it gives. */
export const SQUARE_SUMS = 128;

const addUp = `  for (var half = ${THREADS / 2}u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (thread < half) { sums[thread] += sums[thread + half]; }
  }`;

/** The text of sums of all tensors' squares, of the buffers table, xs and parts. */
export function squaresSource(): string {
  return `${declare([
    { name: 'table', row: 4 },
    { name: 'xs', row: 4 },
    { name: 'parts', row: 1, writes: true },
  ])}
var<workgroup> sums: array<f32, ${THREADS}>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  var sum = vec4f();
  for (var i = group.x * ${THREADS}u + thread; i < arrayLength(&xs); i += ${THREADS * SQUARE_SUMS}u) {
${find}
    let at = vec4u(4u * (i - bitcast<u32>(entry.x))) + vec4u(0u, 1u, 2u, 3u);
    // Between tensors is anything.
    let x = select(vec4f(), xs[i], at < vec4u(bitcast<u32>(entry.y)));
    sum = fma(x, x, sum);
  }
  sums[thread] = sum.x + sum.y + sum.z + sum.w;
${addUp}
  if (thread == 0u) { parts[group.x] = sums[0]; }
}`;
}

/** The text of the root of a sum, of the buffers parts and norm. */
export function rootSource(): string {
  return `${declare([
    { name: 'parts', row: 1 },
    { name: 'norm', row: 1, writes: true },
  ])}
var<workgroup> sums: array<f32, ${THREADS}>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(local_invocation_index) thread: u32) {
  var sum = 0.0;
  for (var i = thread; i < arrayLength(&parts); i += ${THREADS}u) { sum += parts[i]; }
  sums[thread] = sum;
${addUp}
  if (thread == 0u) { norm[0] = sqrt(sums[0]); }
}`;
}
