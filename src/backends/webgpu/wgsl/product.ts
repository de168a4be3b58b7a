/**
 * How a product of matrices is divided: a workgroup makes `rows` x `columns` values, a thread of it `threadRows` x
 * `threadColumns`.
 */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** A multiple of 4, as the other sizes but `threadRows`. */
  readonly threadRows: number;
  readonly threadColumns: number;
  /**
   * Terms of the sums that go through the workgroup's memory at a time, which is faster where that memory is on the chip; 0
   * reads each value where it lies.
   */
  readonly depth: number;
  /** Into so many parts each sum is split among threads of the workgroup; 1 where `depth` is 0. */
  readonly splits: number;
}

/** One of two matrices: functions in WGSL. */
export interface Operand {
  /** Whether `load` gives four values along the sum or across it. */
  readonly along: 'depth' | 'across';
  /**
   * Declares the functions of this operand's letter: `aAcross(index)` and `aDepth(index)`, whatever is worth computing once for
   * a row or a term, and `aLoad(across, depth) -> vec4f` of what these gave. Of four terms, those past the end are zeros; where
   * all four are, their value is of no matter.
   */
  readonly code: string;
}

/** A product of two matrices, a [rows, depth] and b [depth, columns], `z` of them. */
export interface Product {
  readonly tile: Tile;
  /** Sizes as expressions in WGSL. The first and the end of the sum may depend on `group.z`. */
  readonly rows: string;
  readonly columns: string;
  readonly from?: string;
  readonly depth: string | number;
  readonly a: Operand;
  readonly b: Operand;
  /** Declares the buffers, and `store(row: u32, column: u32, value: vec4f)`, called for rows and columns that exist. */
  readonly code: string;
}

const times = (count: number, each: (i: number) => string, separator = '\n') =>
  Array.from({ length: count }, (_, i) => each(i)).join(separator);

/** Threads of a workgroup. */
export function threadsOf({ rows, columns, threadRows, threadColumns, splits }: Tile): number {
  return (rows / threadRows) * (columns / threadColumns) * splits;
}

/** The text of a program whose workgroups are [column tiles, row tiles, z]. */
export function productSource(product: Product): string {
  const { tile, rows, columns, a, b, code } = product;
  const { threadRows, threadColumns } = tile;
  const quads = threadColumns / 4;
  const across = tile.columns / threadColumns;
  const down = tile.rows / threadRows;
  return `${code}
${a.code}
${b.code}
var<private> z: u32;
${tile.depth > 0 ? memory(product) : ''}
@compute @workgroup_size(${threadsOf(tile)})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32) {
  z = group.z;
  let tx = thread % ${across}u;
  let ty = thread / ${across}u % ${down}u;
  let split = thread / ${across * down}u;
  let row = group.y * ${tile.rows}u;
  let column = group.x * ${tile.columns}u;
  let end = u32(${product.depth});
  ${times(threadRows * quads, (i) => `var sum${i} = vec4f();`)}
  ${tile.depth > 0 ? staged(product) : direct(product)}
  if (split == 0u) {
    ${times(
      threadRows,
      (i) => `{
      let r = row + ty * ${threadRows}u + ${i}u;
      ${times(
        quads,
        (q) => `{
        let c = column + (tx + ${q * across}u) * 4u;
        if (r < ${rows} && c < ${columns}) { store(r, c, sum${i * quads + q}); }
      }`,
      )}
    }`,
    )}
  }
}
`;
}

/** What is loaded for the term `k`, or zeros past the end, of a program that takes `step` terms at a time. */
function upToEnd({ from, depth }: Product, step: number, k: string, load: string): string {
  const isWhole = from === undefined && typeof depth === 'number' && depth % step === 0;
  return isWhole ? load : `select(vec4f(), ${load}, ${k} < end)`;
}

/** sum += a b, of `term` of four terms where they are vectors. */
function multiplyAdd(tile: Tile, aTerm: (i: number) => string, bTerm: (q: number) => string): string {
  const quads = tile.threadColumns / 4;
  return times(tile.threadRows, (i) =>
    times(
      quads,
      (q) => `sum${i * quads + q} = fma(vec4f(${aTerm(i)}), ${bTerm(q)}, sum${i * quads + q});`,
      ' ',
    ),
  );
}

/** Four terms at a time, read where they lie. */
function direct(product: Product): string {
  const { tile, a, b, from = '0u' } = product;
  const upTo = (t: number, load: string) => upToEnd(product, 4, `k + ${t}u`, load);
  const { threadRows, threadColumns } = tile;
  const quads = threadColumns / 4;
  const across = tile.columns / threadColumns;
  const rowQuads = Math.ceil(threadRows / 4);
  const aIndices =
    a.along === 'depth'
      ? times(threadRows, (i) => `let ra${i} = aAcross(row + ty * ${threadRows}u + ${i}u);`)
      : times(rowQuads, (i) => `let ra${i} = aAcross(row + ty * ${threadRows}u + ${4 * i}u);`);
  const bAt = (q: number) => `column + (tx + ${q * across}u) * 4u`;
  const bIndices =
    b.along === 'across'
      ? times(quads, (q) => `let cb${q} = bAcross(${bAt(q)});`)
      : times(threadColumns, (j) => `let cb${j} = bAcross(${bAt(j >> 2)} + ${j % 4}u);`);
  const aLoads =
    a.along === 'depth'
      ? `let ka = aDepth(k); ${times(threadRows, (i) => `let a${i} = aLoad(ra${i}, ka);`)}`
      : times(
          4,
          (t) =>
            `let ka${t} = aDepth(k + ${t}u); ${times(rowQuads, (i) => `let a${i}_${t} = ${upTo(t, `aLoad(ra${i}, ka${t})`)};`)}`,
        );
  const bLoads =
    b.along === 'across'
      ? times(
          4,
          (t) =>
            `let kb${t} = bDepth(k + ${t}u); ${times(quads, (q) => `let b${q}_${t} = ${upTo(t, `bLoad(cb${q}, kb${t})`)};`)}`,
        )
      : `let kb = bDepth(k); ${times(threadColumns, (j) => `let q${j} = bLoad(cb${j}, kb);`)}
         ${times(4, (t) => times(quads, (q) => `let b${q}_${t} = vec4f(${times(4, (j) => `q${q * 4 + j}[${t}]`, ', ')});`))}`;
  const aTerm = (i: number, t: number) => (a.along === 'depth' ? `a${i}[${t}]` : `a${i >> 2}_${t}[${i % 4}]`);
  return `${aIndices}
  ${bIndices}
  for (var k = ${from}; k < end; k += 4u) {
    ${aLoads}
    ${bLoads}
    ${times(4, (t) =>
      multiplyAdd(
        tile,
        (i) => aTerm(i, t),
        (q) => `b${q}_${t}`,
      ),
    )}
  }`;
}

/** Floats from one term to the next in the workgroup's memory; the padding spreads what is written among its banks. */
const aPitch = ({ rows }: Tile) => rows + 4;
const bPitch = ({ columns }: Tile) => columns + 4;

function memory({ tile, b }: Product): string {
  const { depth, splits, columns } = tile;
  return `var<workgroup> aTile: array<f32, ${splits * depth * aPitch(tile)}>;
var<workgroup> bTile: array<${b.along === 'across' ? `vec4f, ${(splits * depth * columns) / 4}` : `f32, ${splits * depth * bPitch(tile)}`}>;
${splits > 1 ? `var<workgroup> partial: array<vec4f, ${(tile.rows * columns) / 4}>;` : ''}`;
}

/** Through the workgroup's memory. */
function staged(product: Product): string {
  const { tile, a, b, from = '0u' } = product;
  const { depth, splits, threadColumns, threadRows, columns } = tile;
  const quads = threadColumns / 4;
  const across = columns / threadColumns;
  const threads = threadsOf(tile);
  const whole = splits * depth;
  const bRead = (q: number) => {
    if (b.along === 'across')
      return `let b${q} = bTile[(first + k) * ${columns / 4}u + tx + ${q * across}u];`;
    const at = `(first + k) * ${bPitch(tile)}u + (tx + ${q * across}u) * 4u`;
    return `let b${q} = vec4f(${times(4, (j) => `bTile[${at} + ${j}u]`, ', ')});`;
  };
  return `for (var k0 = ${from}; k0 < end; k0 += ${whole}u) {
    for (var i = thread; i < ${(tile.rows * whole) / 4}u; i += ${threads}u) { ${stageA(product, a)} }
    for (var i = thread; i < ${(columns * whole) / 4}u; i += ${threads}u) { ${stageB(product, b)} }
    workgroupBarrier();
    let first = split * ${depth}u;
    for (var k = 0u; k < ${depth}u; k++) {
      ${times(quads, bRead)}
      ${times(threadRows, (i) => `let a${i} = aTile[(first + k) * ${aPitch(tile)}u + ty * ${threadRows}u + ${i}u];`)}
      ${multiplyAdd(
        tile,
        (i) => `a${i}`,
        (q) => `b${q}`,
      )}
    }
    workgroupBarrier();
  }
  ${splits > 1 ? joinSplits(tile) : ''}`;
}

function stageA(product: Product, { along }: Operand): string {
  const { tile } = product;
  const whole = tile.splits * tile.depth;
  if (along === 'across') {
    const quads = tile.rows / 4;
    return `let t = i / ${quads}u; let r = i % ${quads}u * 4u;
      let v = ${upToEnd(product, whole, 'k0 + t', 'aLoad(aAcross(row + r), aDepth(k0 + t))')};
      ${times(4, (j) => `aTile[t * ${aPitch(tile)}u + r + ${j}u] = v[${j}];`, ' ')}`;
  }
  return `let r = i / ${whole / 4}u; let t = i % ${whole / 4}u * 4u;
      let v = ${upToEnd(product, whole, 'k0 + t', 'aLoad(aAcross(row + r), aDepth(k0 + t))')};
      ${times(4, (j) => `aTile[(t + ${j}u) * ${aPitch(tile)}u + r] = v[${j}];`, ' ')}`;
}

function stageB(product: Product, { along }: Operand): string {
  const { tile } = product;
  const whole = tile.splits * tile.depth;
  if (along === 'across') {
    const quads = tile.columns / 4;
    const load = `bLoad(bAcross(column + i % ${quads}u * 4u), bDepth(k0 + i / ${quads}u))`;
    return `bTile[i] = ${upToEnd(product, whole, `k0 + i / ${quads}u`, load)};`;
  }
  return `let c = i / ${whole / 4}u; let t = i % ${whole / 4}u * 4u;
      let v = ${upToEnd(product, whole, 'k0 + t', 'bLoad(bAcross(column + c), bDepth(k0 + t))')};
      ${times(4, (j) => `bTile[(t + ${j}u) * ${bPitch(tile)}u + c] = v[${j}];`, ' ')}`;
}

/** Adds the parts of the sums, in order. */
function joinSplits(tile: Tile): string {
  const sums = (tile.threadRows * tile.threadColumns) / 4;
  const threads = threadsOf(tile) / tile.splits;
  const at = (i: number) => `partial[thread % ${threads}u * ${sums}u + ${i}u]`;
  return times(
    tile.splits - 1,
    (s) => `if (split == ${s + 1}u) { ${times(sums, (i) => `${at(i)} = sum${i};`, ' ')} }
  workgroupBarrier();
  if (split == 0u) { ${times(sums, (i) => `sum${i} += ${at(i)};`, ' ')} }
  workgroupBarrier();`,
  );
}
