import { declare, inFours, lengthOf, readFour, writeFour } from './buffers.js';
import type { ConvolutionSizes } from './convolution.js';
import { productSource, type Tile } from './product.js';

/** Pixels of the input whose gradient is made by the same taps: those at the same place of each step of the stride. */
interface Phases {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

/** The phases of the input, and how many rows and columns each has at most. */
export function phasesOf({ strideY, strideX, inHeight, inWidth }: ConvolutionSizes): Phases {
  return { count: strideY * strideX, rows: Math.ceil(inHeight / strideY), columns: Math.ceil(inWidth / strideX) };
}

/** Terms of a tap, in fours. */
const paddedDepth = ({ outChannels, groups }: ConvolutionSizes) => Math.ceil(outChannels / groups / 4) * 4;

/** Terms of a pixel's gradient, at most. */
export function inputGradientDepth(sizes: ConvolutionSizes): number {
  const { filterHeight, filterWidth, strideY, strideX } = sizes;
  return Math.ceil(filterHeight / strideY) * Math.ceil(filterWidth / strideX) * paddedDepth(sizes);
}

/** As lists in WGSL, a value of each phase along an axis: the first pixel, the shift to the output, the taps. */
function axis(stride: number, before: number, size: number) {
  const phases = [...Array(stride).keys()];
  const first = phases.map((phase) => (((phase - before) % stride) + stride) % stride);
  const list = (values: readonly number[]) => `array<i32, ${stride}>(${values.join(', ')})`;
  return {
    first: list(first),
    shift: list(phases.map((phase) => (first[phase]! + before - phase) / stride)),
    taps: list(phases.map((phase) => Math.max(0, Math.ceil((size - phase) / stride)))),
  };
}

/**
 * The text of dx, of the buffers dy, filter and dx: a row is an input pixel of a phase, a term a tap and an output channel. Of
 * workgroups' third numbers, each phase has one for each group.
 */
export function inputGradientSource(sizes: ConvolutionSizes, tile: Tile): string {
  const { inChannels, outChannels, groups, inHeight, inWidth, outHeight, outWidth, filterWidth, strideX, strideY } = sizes;
  const { rows, columns } = phasesOf(sizes);
  const [columnsOfGroup, depth] = [inChannels / groups, outChannels / groups];
  const padded = paddedDepth(sizes);
  const tapsX = Math.ceil(filterWidth / strideX);
  const [y, x] = [axis(strideY, sizes.top, sizes.filterHeight), axis(strideX, sizes.left, filterWidth)];
  const buffers = declare([
    { name: 'dy', row: outChannels },
    { name: 'weights', row: outChannels },
    { name: 'dx', row: inChannels, writes: true },
  ]);
  const ofGroup = (count: number) => (groups > 1 ? ` + z % ${groups}u * ${count}u` : '');
  const index = `u32(((at.z + at.x + tap.x) * ${outWidth} + at.y + tap.y) * ${outChannels} + tap.z)`;
  const inside = `(u32(at.x + tap.x) < ${outHeight}u) & (u32(at.y + tap.y) < ${outWidth}u)`;
  return productSource({
    tile,
    rows: `(arrayLength(&dx) / ${lengthOf(inChannels) * inHeight * inWidth}u * ${rows * columns}u)`,
    columns: `${columnsOfGroup}u`,
    from: '0u',
    depth: `select(0, tapsY[phaseY(group.z)] * ${tapsX * padded}, tapsX[phaseX(group.z)] > 0)`,
    a: {
      along: 'depth',
      code: `fn aAcross(row: u32) -> vec3i {
  return vec3i(i32(row / ${columns}u % ${rows}u) + shiftY[phaseY(z)], i32(row % ${columns}u) + shiftX[phaseX(z)], i32(row / ${rows * columns}u * ${outHeight}u));
}
fn aDepth(k: u32) -> vec3i {
  let tap = k / ${padded}u;
  let x = i32(tap % ${tapsX}u);
  let isNone = x >= tapsX[phaseX(z)];
  return vec3i(select(-i32(tap / ${tapsX}u) * ${sizes.dilationY}, -1000000, isNone), -x * ${sizes.dilationX}, i32(k % ${padded}u${ofGroup(depth)}));
}
fn aLoad(at: vec3i, tap: vec3i) -> vec4f { return select(vec4f(), ${terms('dy', outChannels, depth, index, 'tap.z')}, ${inside}); }`,
    },
    b: {
      along: 'depth',
      code: `fn bAcross(column: u32) -> u32 { return column * ${outChannels}u${ofGroup(depth)}; }
fn bDepth(k: u32) -> vec2u {
  let tap = k / ${padded}u;
  let y = tap / ${tapsX}u * ${strideY}u + phaseY(z);
  let x = tap % ${tapsX}u * ${strideX}u + phaseX(z);
  return vec2u((y * ${filterWidth}u + x) * ${columnsOfGroup * outChannels}u, k % ${padded}u);
}
fn bLoad(column: u32, k: vec2u) -> vec4f { return ${terms('weights', outChannels, depth, 'column + k.x + k.y', 'k.y')}; }`,
    },
    code: `${buffers}
const shiftX = ${x.shift}; const firstX = ${x.first}; const tapsX = ${x.taps};
const shiftY = ${y.shift}; const firstY = ${y.first}; const tapsY = ${y.taps};
fn phaseX(z: u32) -> u32 { return z / ${groups}u % ${strideX}u; }
fn phaseY(z: u32) -> u32 { return z / ${groups * strideX}u; }
fn store(row: u32, column: u32, sum: vec4f) {
  let y = i32(row / ${columns}u % ${rows}u) * ${strideY} + firstY[phaseY(z)];
  let x = i32(row % ${columns}u) * ${strideX} + firstX[phaseX(z)];
  if (y >= ${inHeight} || x >= ${inWidth}) { return; }
  let start = ((row / ${rows * columns}u * ${inHeight}u + u32(y)) * ${inWidth}u + u32(x)) * ${inChannels}u;
  let c = column${ofGroup(columnsOfGroup)};
  ${writeFour('dx', inChannels, 'start', 'c', 'sum')}
}`,
  });
}

/** Four terms from an index on, zeros from the `depth`-th on. */
function terms(buffer: string, row: number, depth: number, index: string, k: string): string {
  const four = readFour(buffer, row, index);
  if (inFours(depth)) return four;
  return `select(vec4f(), ${four}, vec4u(u32(${k})) + vec4u(0u, 1u, 2u, 3u) < vec4u(${depth}u))`;
}

/**
 * The text of the gradient of the filter, of the buffers x, dy and sums [slices, k, k, inChannels / groups, outChannels]: a row is
 * a tap and an input channel, a term an output pixel. Of workgroups' third numbers, each group has one for each slice of pixels.
 */
export function filterGradientSource(sizes: ConvolutionSizes, tile: Tile, slices: number): string {
  const { inChannels, outChannels, groups, inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth } = sizes;
  const [depth, columns] = [inChannels / groups, outChannels / groups];
  const rows = filterHeight * filterWidth * depth;
  const buffers = declare([
    { name: 'x', row: inChannels },
    { name: 'dy', row: outChannels },
    { name: 'sums', row: outChannels, writes: true },
  ]);
  const ofGroup = (count: number) => (groups > 1 ? ` + z / ${slices}u * ${count}u` : '');
  const inside = `(u32(at.x + tap.x) < ${inHeight}u) & (u32(at.y + tap.y) < ${inWidth}u)`;
  const index = `u32(((at.z + at.x + tap.x) * ${inWidth} + at.y + tap.y) * ${inChannels} + tap.z)`;
  const load = inFours(depth)
    ? `fn aAcross(row: u32) -> vec3i { return tapOf(row); }
fn aLoad(tap: vec3i, at: vec3i) -> vec4f { return select(vec4f(), x[${index} / 4u], ${inside}); }`
    : `fn aAcross(row: u32) -> u32 { return row; }
fn one(row: u32, at: vec3i) -> f32 { let tap = tapOf(row); return select(0.0, ${element('x', inChannels, index)}, ${inside}); }
fn aLoad(row: u32, at: vec3i) -> vec4f { return vec4f(one(row, at), one(row + 1u, at), one(row + 2u, at), one(row + 3u, at)); }`;
  return productSource({
    tile,
    rows: `${rows}u`,
    columns: `${columns}u`,
    from: 'group.z % SLICES * perSlice()',
    depth: 'min((group.z % SLICES + 1u) * perSlice(), pixels())',
    a: {
      along: 'across',
      code: `fn tapOf(row: u32) -> vec3i {
  let tap = row / ${depth}u;
  return vec3i(i32(tap / ${filterWidth}u * ${sizes.dilationY}u), i32(tap % ${filterWidth}u * ${sizes.dilationX}u), i32(row % ${depth}u${ofGroup(depth)}));
}
fn aDepth(pixel: u32) -> vec3i {
  let x = pixel % ${outWidth}u;
  let y = pixel / ${outWidth}u % ${outHeight}u;
  let image = pixel / ${outWidth * outHeight}u;
  return vec3i(i32(y * ${sizes.strideY}u) - ${sizes.top}, i32(x * ${sizes.strideX}u) - ${sizes.left}, i32(image * ${inHeight}u));
}
${load}`,
    },
    b: {
      along: 'across',
      code: `fn bAcross(column: u32) -> u32 { return column${ofGroup(columns)}; }
fn bDepth(pixel: u32) -> u32 { return pixel * ${outChannels}u; }
fn bLoad(column: u32, pixel: u32) -> vec4f { return ${readFour('dy', outChannels, 'pixel + column')}; }`,
    },
    code: `${buffers}
const SLICES = ${slices}u;
fn pixels() -> u32 { return arrayLength(&dy) / ${lengthOf(outChannels)}u; }
fn perSlice() -> u32 { return (pixels() + ${4 * slices - 1}u) / ${4 * slices}u * 4u; }
fn store(row: u32, column: u32, sum: vec4f) {
  let start = (z % SLICES * ${rows}u + row) * ${outChannels}u;
  let c = column${ofGroup(columns)};
  ${writeFour('sums', outChannels, 'start', 'c', 'sum')}
}`,
  });
}

function element(buffer: string, row: number, index: string): string {
  return inFours(row) ? `${buffer}[${index} / 4u][${index} % 4u]` : `${buffer}[${index}]`;
}
