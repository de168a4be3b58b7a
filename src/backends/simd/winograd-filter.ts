import type { SimdBackend } from './backend.js';
import { align, type Image } from './convolution.js';
import {
  WINOGRAD_FILTER,
  WINOGRAD_FILTER_CHECK,
  WINOGRAD_FILTER_OUTPUT,
  WINOGRAD_FILTER_PRODUCT,
  WINOGRAD_FILTER_TRANSFORM,
} from './kernel-ids.js';
import type { Output, Padding } from './winograd.js';
import { FILTER_PARTS, FILTER_TILES, PLANE_GAP } from './winograd-layout.js';

/** Slices that {@link winogradFilter} shares the tiles out in, at most; of fewer than half as many there are none. */
const FILTER_SLICES = 16;
/** Tiles of a slice, at least; more than there are slices, so that rounding up leaves none empty. */
const FILTER_SLICE_TILES = 32;
/** Bytes of the products of all slices, at most. */
const FILTER_PRODUCTS = 8 * 2 ** 20;
/** Bytes of transforms that a thread works on at a time in a slice, so that they stay in its second cache. */
const FILTER_BLOCK = 2 ** 19;
/** Bytes of transforms that all threads work on at a time where there are no slices. */
const FILTER_WORKSPACE = 48 * 2 ** 20;

/** The gradient of the output of a 3x3 convolution of stride 1. */
interface OutputGradient extends Output {
  readonly filters: number;
}

/** What uneven tiles may have, at most, of the sum over all tiles of the largest products. */
const UNEVEN_SHARE = 1 / 4;
/** What that sum must stay below, so that no transform overflows. */
const LARGEST_SUM = 2 ** 96;

/**
 * Whether {@link winogradFilter} rounds as well as a direct sum: the values that its tiles mix are of like size, or those
 * that are not weigh little in the sum. See `assembly/evenness.ts`.
 */
export function isEvenForFilter(
  backend: SimdBackend,
  input: Image,
  gradient: OutputGradient,
  pad: Padding,
): boolean {
  const { runtime } = backend;
  const strips = input.batch * Math.ceil(gradient.height / 4);
  const scratch = align(10 * 4 * (gradient.width + 8));
  return backend.lend(scratch * runtime.threads + strips * 16, "a filter's gradient", (space) => {
    const sums = space + scratch * runtime.threads;
    runtime.run(WINOGRAD_FILTER_CHECK, strips, [
      ...[input.address, gradient.address, 0, 0, 0, 0, 0, 0, input.batch, input.height, input.width],
      ...[input.pitch, gradient.height, gradient.width, pad.top, pad.left, gradient.filters, 0, 0],
      ...[space, scratch, sums],
    ]);
    const values = new Float64Array(runtime.memory.buffer, sums, strips * 2);
    const all = values.reduce((sum, value, i) => (i % 2 === 0 ? sum + value : sum), 0);
    const uneven = values.reduce((sum, value, i) => (i % 2 === 1 ? sum + value : sum), 0);
    return all < LARGEST_SUM && uneven <= UNEVEN_SHARE * all;
  });
}

/** The gradient [3, 3, channels, filters] of a kernel that {@link winograd} could do the convolution of. */
export function winogradFilter(
  backend: SimdBackend,
  input: Image,
  gradient: OutputGradient,
  pad: Padding,
  to: number,
): void {
  const { runtime } = backend;
  const { batch, height, width, pitch: channels } = input;
  const { filters } = gradient;
  const tiles = batch * Math.ceil(gradient.height / 4) * Math.ceil(gradient.width / 4);
  const bytesOfTile = 36 * (channels + filters) * 4;
  const productBytes = 36 * (channels * filters * 4 + PLANE_GAP);
  const most = Math.floor(
    Math.min(FILTER_SLICES, FILTER_PRODUCTS / productBytes, tiles / FILTER_SLICE_TILES),
  );
  const sliced = most >= FILTER_SLICES / 2;
  const slices = sliced ? most : 1;
  const blocks = sliced ? runtime.threads : 1;
  const space = sliced ? FILTER_BLOCK : FILTER_WORKSPACE;
  const tilesOfBlock = Math.min(tiles, Math.max(FILTER_TILES, Math.floor(space / bytesOfTile)));
  const blockBytes = align(tilesOfBlock * bytesOfTile + 2 * 36 * PLANE_GAP);
  const scratchBytes = 256 + 36 * 16;
  const zeros = backend.zeros(Math.max(channels, filters) * 4);
  const bytes = blockBytes * blocks + productBytes * slices + scratchBytes * runtime.threads;
  backend.lend(bytes, "a filter's gradient", (transforms) => {
    const products = transforms + blockBytes * blocks;
    const scratch = products + productBytes * slices;
    const args = [
      ...[input.address, gradient.address, to, 0, 0, 0, 0, 0, batch, height, width, channels],
      ...[gradient.height, gradient.width, pad.top, pad.left, filters, tilesOfBlock, zeros],
      ...[scratch, scratchBytes, transforms, blockBytes, products, slices],
    ];
    if (sliced) {
      runtime.run(WINOGRAD_FILTER, slices, [...args, 0, Math.ceil(tiles / slices), tiles]);
    } else {
      for (let first = 0; first < tiles; first += tilesOfBlock) {
        const count = Math.min(tilesOfBlock, tiles - first);
        runtime.run(WINOGRAD_FILTER_TRANSFORM, Math.ceil(count / FILTER_TILES), [...args, first, count]);
        runtime.run(WINOGRAD_FILTER_PRODUCT, 36 * FILTER_PARTS, [...args, first, count]);
      }
    }
    runtime.run(WINOGRAD_FILTER_OUTPUT, channels, args);
  });
}
