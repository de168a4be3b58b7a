import { declare, inFours, lengthOf, readFour, writeFour } from './buffers.js';
import { imageCode, type ConvolutionSizes } from './convolution.js';
import { productSource, type Operand, type Tile } from './product.js';

/** The taps and input channels, a row each; terms are output pixels. */
function image(sizes: ConvolutionSizes): Operand {
  const depth = sizes.inChannels / sizes.groups;
  const rows = inFours(depth)
    ? `fn aAcross(row: u32) -> vec3i { return tapOf(row); }
fn aLoad(tap: vec3i, pixel: vec3i) -> vec4f { return four(pixel, tap); }`
    : `fn aAcross(row: u32) -> u32 { return row; }
fn aLoad(row: u32, pixel: vec3i) -> vec4f { return vec4f(${[0, 1, 2, 3].map((i) => `one(pixel, tapOf(row + ${i}u))`).join(', ')}); }`;
  return {
    along: 'across',
    code: `${imageCode(sizes, 'z / SLICES')}
fn aDepth(pixel: u32) -> vec3i { return pixelOf(pixel); }
${rows}`,
  };
}

/**
 * The text of the gradient of the filter, of the buffers x, dy and sums [slices, k, k, inChannels / groups, outChannels]: a row is
 * a tap and an input channel, a term an output pixel. Of workgroups' third numbers, each group has one for each slice of pixels.
 */
export function filterGradientSource(sizes: ConvolutionSizes, tile: Tile, slices: number): string {
  const { inChannels, outChannels, groups, filterHeight, filterWidth } = sizes;
  const columns = outChannels / groups;
  const rows = (filterHeight * filterWidth * inChannels) / groups;
  const buffers = declare([
    { name: 'x', row: inChannels },
    { name: 'dy', row: outChannels },
    { name: 'sums', row: outChannels, writes: true },
  ]);
  const ofGroup = groups > 1 ? ` + z / SLICES * ${columns}u` : '';
  return productSource({
    tile,
    rows: `${rows}u`,
    columns: `${columns}u`,
    from: 'group.z % SLICES * perSlice()',
    depth: 'min((group.z % SLICES + 1u) * perSlice(), pixels())',
    a: image(sizes),
    b: {
      along: 'across',
      code: `fn bAcross(column: u32) -> u32 { return column${ofGroup}; }
fn bDepth(pixel: u32) -> u32 { return pixel * ${outChannels}u; }
fn bLoad(column: u32, pixel: u32) -> vec4f { return ${readFour('dy', outChannels, 'pixel + column')}; }`,
    },
    code: `${buffers}
const SLICES = ${slices}u;
fn pixels() -> u32 { return arrayLength(&dy) / ${lengthOf(outChannels)}u; }
fn perSlice() -> u32 { return (pixels() + ${4 * slices - 1}u) / ${4 * slices}u * 4u; }
fn store(row: u32, column: u32, sum: vec4f) {
  let start = (z % SLICES * ${rows}u + row) * ${outChannels}u;
  let c = column${ofGroup};
  ${writeFour('sums', outChannels, 'start', 'c', 'sum')}
}`,
  });
}
