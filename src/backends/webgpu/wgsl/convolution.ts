import { activated, declare, inFours, lengthOf, readFour, readTerms, writeFour } from './buffers.js';
import { productSource, type Tile } from './product.js';

/** The sizes of a convolution, but for the batch, which programs take from the length of the output. */
export interface ConvolutionSizes {
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly filterHeight: number;
  readonly filterWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly dilationY: number;
  readonly dilationX: number;
  readonly top: number;
  readonly left: number;
  readonly groups: number;
}

/** What follows the sum in the same program: activation(sum + bias + residual). */
export interface Epilogue {
  readonly bias: boolean;
  readonly residual: boolean;
  /** One that `isActivation`. */
  readonly activation: string;
}

/** Whether each output pixel is made of the input pixel at its place. */
export function isPointwise(sizes: ConvolutionSizes): boolean {
  const { filterHeight, filterWidth, strideY, strideX, top, left, inHeight, inWidth, outHeight, outWidth } =
    sizes;
  const isOne = filterHeight * filterWidth * strideY * strideX === 1;
  return isOne && top === 0 && left === 0 && inHeight === outHeight && inWidth === outWidth;
}

/**
 * Functions of the image x: `pixelOf` an output pixel's number and `tapOf` that of a tap and an input channel of the group, and of
 * both the values there, zeros beside the image: `four` where channels of a group come in fours, else `one`.
 */
export function imageCode(sizes: ConvolutionSizes, group: string): string {
  const { inChannels, inHeight, inWidth, groups, outHeight, outWidth, filterWidth } = sizes;
  const depth = inChannels / groups;
  const ofGroup = groups > 1 ? ` + ${group} * ${depth}u` : '';
  // Past the end of the buffer, what is read is any value of it.
  const inside = `(u32(pixel.x + tap.x) < ${inHeight}u) & (u32(pixel.y + tap.y) < ${inWidth}u)`;
  const index = `u32(((pixel.z + pixel.x + tap.x) * ${inWidth} + pixel.y + tap.y) * ${inChannels} + tap.z)`;
  const value = inFours(inChannels) ? `x[${index} / 4u][${index} % 4u]` : `x[${index}]`;
  return `fn pixelOf(i: u32) -> vec3i {
  let x = i % ${outWidth}u;
  let y = i / ${outWidth}u % ${outHeight}u;
  let image = i / ${outWidth * outHeight}u;
  return vec3i(i32(y * ${sizes.strideY}u) - ${sizes.top}, i32(x * ${sizes.strideX}u) - ${sizes.left}, i32(image * ${inHeight}u));
}
fn tapOf(k: u32) -> vec3i {
  let tap = k / ${depth}u;
  let y = tap / ${filterWidth}u * ${sizes.dilationY}u;
  let x = tap % ${filterWidth}u * ${sizes.dilationX}u;
  return vec3i(i32(y), i32(x), i32(k % ${depth}u${ofGroup}));
}
${
  inFours(depth)
    ? `fn four(pixel: vec3i, tap: vec3i) -> vec4f { return select(vec4f(), x[${index} / 4u], ${inside}); }`
    : `fn one(pixel: vec3i, tap: vec3i) -> f32 { return select(0.0, ${value}, ${inside}); }`
}`;
}

/** A row of the product is an output pixel, a term one of a tap and an input channel, a column an output channel. */
function imageOperand(sizes: ConvolutionSizes): string {
  const { inChannels, groups, filterHeight, filterWidth } = sizes;
  const depth = inChannels / groups;
  if (isPointwise(sizes)) {
    const ofGroup = groups > 1 ? ` + z * ${depth}u` : '';
    return `fn aAcross(row: u32) -> u32 { return row * ${inChannels}u${ofGroup}; }
fn aDepth(k: u32) -> u32 { return k; }
fn aLoad(row: u32, k: u32) -> vec4f { return ${readTerms('x', depth, 'row', 'k')}; }`;
  }
  const image = imageCode(sizes, 'z');
  if (inFours(depth)) {
    return `${image}
fn aAcross(row: u32) -> vec3i { return pixelOf(row); }
fn aDepth(k: u32) -> vec3i { return tapOf(k); }
fn aLoad(pixel: vec3i, tap: vec3i) -> vec4f { return four(pixel, tap); }`;
  }
  const terms = filterHeight * filterWidth * depth;
  const term = (i: number) => `select(0.0, one(pixel, tapOf(k + ${i}u)), k + ${i}u < ${terms}u)`;
  return `${image}
fn aAcross(row: u32) -> vec3i { return pixelOf(row); }
fn aDepth(k: u32) -> u32 { return k; }
fn aLoad(pixel: vec3i, k: u32) -> vec4f { return vec4f(${[0, 1, 2, 3].map(term).join(', ')}); }`;
}

/** The text of y = epilogue(conv(x, filter)), of the buffers x, filter, where there are bias and residual, and y. */
export function convolutionSource(sizes: ConvolutionSizes, tile: Tile, epilogue: Epilogue): string {
  const { outChannels, inChannels, groups, filterHeight, filterWidth } = sizes;
  const columns = outChannels / groups;
  const depth = (filterHeight * filterWidth * inChannels) / groups;
  const buffers = declare([
    { name: 'x', row: inChannels },
    { name: 'weights', row: outChannels },
    ...(epilogue.bias ? [{ name: 'bias', row: outChannels }] : []),
    ...(epilogue.residual ? [{ name: 'residual', row: outChannels }] : []),
    { name: 'y', row: outChannels, writes: true },
  ]);
  const group = groups > 1 ? ` + z * ${columns}u` : '';
  const code = `${buffers}
${storeSource(outChannels, epilogue, `column${group}`)}`;
  return productSource({
    tile,
    rows: `(arrayLength(&y) / ${lengthOf(outChannels)}u)`,
    columns: `${columns}u`,
    depth,
    a: { along: 'depth', code: imageOperand(sizes) },
    b: {
      along: 'across',
      code: `fn bAcross(column: u32) -> u32 { return column${group}; }
fn bDepth(k: u32) -> u32 { return k * ${outChannels}u; }
fn bLoad(column: u32, k: u32) -> vec4f { return ${readFour('weights', outChannels, 'k + column')}; }`,
    },
    code,
  });
}

/** The function `store` that ends with an epilogue, to the buffer y with rows of `columns`. */
export function storeSource(
  columns: number,
  { bias, residual, activation }: Epilogue,
  at = 'column',
  row = 'row',
): string {
  return `fn store(row: u32, column: u32, sum: vec4f) {
  var v = sum;
  let c = ${at};
  let start = ${row} * ${columns}u;
  ${bias ? `v += ${readFour('bias', columns, 'c')};` : ''}
  ${residual ? `v += ${readFour('residual', columns, 'start + c')};` : ''}
  v = ${activated(activation)};
  ${writeFour('y', columns, 'start', 'c', 'v')}
}`;
}
