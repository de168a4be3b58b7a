import { declare, inFours, lengthOf, readFour, writeFour } from './buffers.js';
import type { ConvolutionSizes } from './convolution.js';
import { productSource, type Operand, type Tile } from './product.js';

/** Pixels of the input whose gradient is made by the same taps: those at the same place of each step of the stride. */
interface Phases {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
}

/** The phases of the input, and how many rows and columns each has at most. */
export function phasesOf({ strideY, strideX, inHeight, inWidth }: ConvolutionSizes): Phases {
  return {
    count: strideY * strideX,
    rows: Math.ceil(inHeight / strideY),
    columns: Math.ceil(inWidth / strideX),
  };
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

/** Four terms from an index on, zeros from the `depth`-th on. */
function terms(buffer: string, row: number, depth: number, index: string, k: string): string {
  const four = readFour(buffer, row, index);
  if (inFours(depth)) return four;
  return `select(vec4f(), ${four}, vec4u(u32(${k})) + vec4u(0u, 1u, 2u, 3u) < vec4u(${depth}u))`;
}

/** The gradient of the output: a row is an input pixel of a phase, a term a tap and an output channel. */
function gradient(sizes: ConvolutionSizes): Operand {
  const { outChannels, groups, outHeight, outWidth, filterWidth, strideX } = sizes;
  const { rows, columns } = phasesOf(sizes);
  const depth = outChannels / groups;
  const padded = paddedDepth(sizes);
  const tapsX = Math.ceil(filterWidth / strideX);
  const ofGroup = groups > 1 ? ` + z % ${groups}u * ${depth}u` : '';
  const index = `u32(((at.z + at.x + tap.x) * ${outWidth} + at.y + tap.y) * ${outChannels} + tap.z)`;
  const inside = `(u32(at.x + tap.x) < ${outHeight}u) & (u32(at.y + tap.y) < ${outWidth}u)`;
  return {
    along: 'depth',
    code: `fn aAcross(row: u32) -> vec3i {
  let y = i32(row / ${columns}u % ${rows}u) + shiftY[phaseY(z)];
  let x = i32(row % ${columns}u) + shiftX[phaseX(z)];
  return vec3i(y, x, i32(row / ${rows * columns}u * ${outHeight}u));
}
fn aDepth(k: u32) -> vec3i {
  let tap = k / ${padded}u;
  let x = i32(tap % ${tapsX}u);
  // A phase may have a tap fewer in a row.
  let y = select(-i32(tap / ${tapsX}u) * ${sizes.dilationY}, -1000000, x >= tapsX[phaseX(z)]);
  return vec3i(y, -x * ${sizes.dilationX}, i32(k % ${padded}u${ofGroup}));
}
fn aLoad(at: vec3i, tap: vec3i) -> vec4f { return select(vec4f(), ${terms('dy', outChannels, depth, index, 'tap.z')}, ${inside}); }`,
  };
}

/** The filter: a column is an input channel. */
function turnedFilter(sizes: ConvolutionSizes): Operand {
  const { inChannels, outChannels, groups, filterWidth, strideX, strideY } = sizes;
  const depth = outChannels / groups;
  const padded = paddedDepth(sizes);
  const tapsX = Math.ceil(filterWidth / strideX);
  const ofGroup = groups > 1 ? ` + z % ${groups}u * ${depth}u` : '';
  return {
    along: 'depth',
    code: `fn bAcross(column: u32) -> u32 { return column * ${outChannels}u${ofGroup}; }
fn bDepth(k: u32) -> vec2u {
  let tap = k / ${padded}u;
  let y = tap / ${tapsX}u * ${strideY}u + phaseY(z);
  let x = tap % ${tapsX}u * ${strideX}u + phaseX(z);
  return vec2u((y * ${filterWidth}u + x) * ${(inChannels / groups) * outChannels}u, k % ${padded}u);
}
fn bLoad(column: u32, k: vec2u) -> vec4f { return ${terms('weights', outChannels, depth, 'column + k.x + k.y', 'k.y')}; }`,
  };
}

/**
 * The text of dx, of the buffers dy, filter and dx. Of workgroups' third numbers, each phase has one for each group.
 */
export function inputGradientSource(sizes: ConvolutionSizes, tile: Tile): string {
  const { inChannels, outChannels, groups, inHeight, inWidth, filterWidth, strideX, strideY } = sizes;
  const { rows, columns } = phasesOf(sizes);
  const columnsOfGroup = inChannels / groups;
  const [y, x] = [axis(strideY, sizes.top, sizes.filterHeight), axis(strideX, sizes.left, filterWidth)];
  const buffers = declare([
    { name: 'dy', row: outChannels },
    { name: 'weights', row: outChannels },
    { name: 'dx', row: inChannels, writes: true },
  ]);
  const depthOfRow = Math.ceil(filterWidth / strideX) * paddedDepth(sizes);
  return productSource({
    tile,
    rows: `(arrayLength(&dx) / ${lengthOf(inChannels) * inHeight * inWidth}u * ${rows * columns}u)`,
    columns: `${columnsOfGroup}u`,
    from: '0u',
    depth: `select(0, tapsY[phaseY(group.z)] * ${depthOfRow}, tapsX[phaseX(group.z)] > 0)`,
    a: gradient(sizes),
    b: turnedFilter(sizes),
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
  let c = column${groups > 1 ? ` + z % ${groups}u * ${columnsOfGroup}u` : ''};
  ${writeFour('dx', inChannels, 'start', 'c', 'sum')}
}`,
  });
}
