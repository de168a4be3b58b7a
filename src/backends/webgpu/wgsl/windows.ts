import { activated, declare, flatMain, lengthOf, typeOf } from './buffers.js';
import type { ConvolutionSizes, Epilogue } from './convolution.js';

/** The sizes of a window over the pixels of each channel. */
export type WindowSizes = Omit<ConvolutionSizes, 'inChannels' | 'outChannels' | 'groups'> & {
  readonly channels: number;
};

/** Output pixels of a row that a thread makes: what their windows share is read once. */
const PIXELS = 4;

/** Threads for a batch of so many images: one for four channels of {@link PIXELS} pixels. */
export function windowThreads({ outHeight, outWidth, channels }: WindowSizes, batch: number): number {
  return batch * outHeight * Math.ceil(outWidth / PIXELS) * lengthOf(channels);
}

/** The place of a thread: `c` of the channels, `y`, `x0` and `image`; ends those past the end. */
function place({ outHeight, outWidth, channels }: WindowSizes): string {
  const width = Math.ceil(outWidth / PIXELS);
  return `  let c = i % ${lengthOf(channels)}u;
  let x0 = i / ${lengthOf(channels)}u % ${width}u * ${PIXELS}u;
  let y = i / ${lengthOf(channels) * width}u % ${outHeight}u;
  let image = i / ${lengthOf(channels) * width * outHeight}u;
  if (image * ${outHeight * outWidth * lengthOf(channels)}u >= arrayLength(&result)) { return; }`;
}

/** Sets each pixel: `of` gives the value of the p-th. */
function results({ outHeight, outWidth, channels }: WindowSizes, of: (p: number) => string): string {
  const pixel = `((image * ${outHeight}u + y) * ${outWidth}u + x0`;
  return Array.from(
    { length: PIXELS },
    (_, p) =>
      `  if (x0 + ${p}u < ${outWidth}u) { result[${pixel} + ${p}u) * ${lengthOf(channels)}u + c] = ${of(p)}; }`,
  ).join('\n');
}

/** For each row of the window, of which `fy` is the number, `row` of the reads of a row of pixels `v0`, `v1`, …, with `in0`, …. */
function overRows(
  sizes: WindowSizes,
  before: string,
  use: (p: number, fx: number, read: number) => string,
): string {
  const {
    inHeight,
    inWidth,
    filterHeight,
    filterWidth,
    strideX,
    strideY,
    dilationX,
    dilationY,
    top,
    left,
    channels,
  } = sizes;
  const taps = Array.from({ length: PIXELS * filterWidth }, (_, n) => {
    const [p, fx] = [n % PIXELS, Math.floor(n / PIXELS)];
    return { p, fx, at: p * strideX + fx * dilationX };
  });
  const columns = [...new Set(taps.map(({ at }) => at))].sort((a, b) => a - b);
  const reads = columns.map(
    (at, i) => `    let in${i} = isRow & (u32(left + ${at}) < ${inWidth}u);
    let v${i} = select(${typeOf(channels)}(), x[u32(start + ${at * lengthOf(channels)})], in${i});`,
  );
  return `  let left = i32(x0 * ${strideX}u) - ${left};
  for (var fy = 0u; fy < ${filterHeight}u; fy++) {
    let row = i32(y * ${strideY}u + fy * ${dilationY}u) - ${top};
    let isRow = u32(row) < ${inHeight}u;
    let start = ((i32(image) * ${inHeight} + row) * ${inWidth} + left) * ${lengthOf(channels)} + i32(c);
${reads.join('\n')}
${before}
${taps.map(({ p, fx, at }) => `    ${use(p, fx, columns.indexOf(at))}`).join('\n')}
  }`;
}

const each = (count: number, line: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => line(i)).join('\n');

/** The text of y = activation(depthwise(x, filter) + bias), of the buffers x, filter, bias where there is one, and y. */
export function depthwiseSource(
  sizes: WindowSizes,
  { bias, activation }: Omit<Epilogue, 'residual'>,
): string {
  const { channels, filterWidth } = sizes;
  const V = typeOf(channels);
  const buffers = declare([
    { name: 'x', row: channels },
    { name: 'weights', row: channels },
    ...(bias ? [{ name: 'bias', row: channels }] : []),
    { name: 'result', row: channels, writes: true },
  ]);
  const weights = each(
    filterWidth,
    (fx) => `    let w${fx} = weights[(fy * ${filterWidth}u + ${fx}u) * ${lengthOf(channels)}u + c];`,
  );
  return `${buffers}
fn ended(v: ${V}) -> ${V} { return ${activated(activation, V)}; }
${flatMain(`${place(sizes)}
${each(PIXELS, (p) => `  var sum${p} = ${bias ? 'bias[c]' : `${V}()`};`)}
${overRows(sizes, weights, (p, fx, read) => `sum${p} = fma(v${read}, w${fx}, sum${p});`)}
${results(sizes, (p) => `ended(sum${p})`)}`)}`;
}

/** The text of a pooling: the largest or the mean value of each window's pixels in the image; of the buffers x and y. */
export function poolSource(sizes: WindowSizes, kind: 'max' | 'mean'): string {
  const { channels } = sizes;
  const V = typeOf(channels);
  const buffers = declare([
    { name: 'x', row: channels },
    { name: 'result', row: channels, writes: true },
  ]);
  if (kind === 'max') {
    const use = (p: number, _: number, read: number) =>
      `most${p} = select(most${p}, max(most${p}, v${read}), in${read});`;
    return `${buffers}
${flatMain(`${place(sizes)}
${each(PIXELS, (p) => `  var most${p} = ${V}(-3.4028234e38);`)}
${overRows(sizes, '', use)}
${results(sizes, (p) => `most${p}`)}`)}`;
  }
  const use = (p: number, _: number, read: number) =>
    `sum${p} += v${read}; count${p} += select(0.0, 1.0, in${read});`;
  return `${buffers}
${flatMain(`${place(sizes)}
${each(PIXELS, (p) => `  var sum${p} = ${V}(); var count${p} = 0.0;`)}
${overRows(sizes, '', use)}
${results(sizes, (p) => `sum${p} / count${p}`)}`)}`;
}
