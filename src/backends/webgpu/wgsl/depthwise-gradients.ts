import { declare, flatMain, lengthOf, typeOf } from './buffers.js';
import type { WindowSizes } from './windows.js';

/** The text of the gradient of a depthwise convolution's input, of the buffers dy, filter and dx; a thread makes a pixel. */
export function depthwiseInputSource(sizes: WindowSizes): string {
  const { channels, inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth, strideX, strideY } =
    sizes;
  const length = lengthOf(channels);
  const taps = Array.from(
    { length: filterWidth },
    (_, fx) => `    {
      let shifted = i32(x) + ${sizes.left - fx * sizes.dilationX};
      let isIn = isRow & (shifted % ${strideX} == 0) & (u32(shifted) < ${outWidth * strideX}u);
      let v = dy[u32((row * ${outWidth} + shifted / ${strideX}) * ${length} + i32(c))];
      sum = fma(select(${typeOf(channels)}(), v, isIn), weights[(fy * ${filterWidth}u + ${fx}u) * ${length}u + c], sum);
    }`,
  );
  return `${declare([
    { name: 'dy', row: channels },
    { name: 'weights', row: channels },
    { name: 'dx', row: channels, writes: true },
  ])}
${flatMain(`  if (i >= arrayLength(&dx)) { return; }
  let c = i % ${length}u;
  let x = i / ${length}u % ${inWidth}u;
  let y = i / ${length * inWidth}u % ${inHeight}u;
  let image = i / ${length * inWidth * inHeight}u;
  var sum = ${typeOf(channels)}();
  for (var fy = 0u; fy < ${filterHeight}u; fy++) {
    let shifted = i32(y) + ${sizes.top} - i32(fy) * ${sizes.dilationY};
    let isRow = (shifted % ${strideY} == 0) & (u32(shifted) < ${outHeight * strideY}u);
    let row = i32(image) * ${outHeight} + shifted / ${strideY};
${taps.join('\n')}
  }
  dx[i] = sum;`)}`;
}

/** Threads of {@link depthwiseFilterSource}: one for four channels, a row of the filter and a slice of the rows of dy. */
export function depthwiseFilterThreads({ channels, filterHeight }: WindowSizes, slices: number): number {
  return lengthOf(channels) * filterHeight * slices;
}

/** The text of the gradient of a depthwise convolution's filter, of the buffers x, dy and sums [slices, k, k, channels, 1]. */
export function depthwiseFilterSource(sizes: WindowSizes, slices: number): string {
  const { channels, inHeight, inWidth, outHeight, outWidth, filterHeight, filterWidth } = sizes;
  const length = lengthOf(channels);
  const V = typeOf(channels);
  const each = (line: (fx: number) => string) =>
    Array.from({ length: filterWidth }, (_, fx) => line(fx)).join('\n');
  return `${declare([
    { name: 'x', row: channels },
    { name: 'dy', row: channels },
    { name: 'sums', row: channels, writes: true },
  ])}
${flatMain(`  let c = i % ${length}u;
  let fy = i / ${length}u % ${filterHeight}u;
  let slice = i / ${length * filterHeight}u;
  if (slice >= ${slices}u) { return; }
  let rows = arrayLength(&dy) / ${outWidth * length}u;
  let perSlice = (rows + ${slices - 1}u) / ${slices}u;
  let end = min((slice + 1u) * perSlice, rows);
${each((fx) => `  var sum${fx} = ${V}();`)}
  for (var row = slice * perSlice; row < end; row++) {
    let y = i32(row % ${outHeight}u * ${sizes.strideY}u + fy * ${sizes.dilationY}u) - ${sizes.top};
    if (u32(y) >= ${inHeight}u) { continue; }
    let start = (i32(row / ${outHeight}u * ${inHeight}u) + y) * ${inWidth};
    for (var ox = 0u; ox < ${outWidth}u; ox++) {
      let g = dy[(row * ${outWidth}u + ox) * ${length}u + c];
      let left = i32(ox * ${sizes.strideX}u) - ${sizes.left};
${each(
  (fx) => `      {
        let at = left + ${fx * sizes.dilationX};
        sum${fx} = fma(select(${V}(), x[u32((start + at) * ${length} + i32(c))], u32(at) < ${inWidth}u), g, sum${fx});
      }`,
)}
    }
  }
  let to = ((slice * ${filterHeight}u + fy) * ${filterWidth}u) * ${length}u + c;
${each((fx) => `  sums[to + ${fx * length}u] = sum${fx};`)}`)}`;
}
