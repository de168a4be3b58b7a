import type * as tf from '@tensorflow/tfjs-core';
import { fallback, isFloat32, type Kernel, type Kernels } from '../kernel.js';
import { RESIZE_BILINEAR } from '../kernel-ids.js';

/** For each place of the output the two of the input between which it lies, and how far along, as tfjs's cpu backend. */
function table(
  memory: ArrayBufferLike,
  at: number,
  from: number,
  to: number,
  attrs: tf.ResizeBilinearAttrs,
): void {
  const { alignCorners, halfPixelCenters } = attrs;
  const cornersMeet = alignCorners && to > 1;
  const ratio = cornersMeet ? (from - 1) / (to - 1) : from / to;
  const places = new Int32Array(memory, at, 3 * to);
  const fractions = new Float32Array(memory, at, 3 * to);
  for (let i = 0; i < to; i++) {
    const place = halfPixelCenters ? ratio * (i + 0.5) - 0.5 : ratio * i;
    const before = Math.max(0, Math.floor(place));
    places[3 * i] = before;
    places[3 * i + 1] = Math.min(from - 1, Math.ceil(place));
    fractions[3 * i + 2] = place - before;
  }
}

const resizeBilinear: Kernel = (args) => {
  const { inputs, backend } = args;
  const images = inputs['images']!;
  const attrs = args.attrs as unknown as tf.ResizeBilinearAttrs;
  const [batch, height, width, channels] = images.shape as [number, number, number, number];
  const [outHeight, outWidth] = attrs.size;
  if (!isFloat32(images) || images.shape.includes(0)) return fallback('ResizeBilinear', args);
  const out = backend.allocate([batch, outHeight, outWidth, channels], 'float32');
  backend.lend((outHeight + outWidth) * 12, 'resizing', (rows) => {
    const columns = rows + outHeight * 12;
    table(backend.runtime.memory.buffer, rows, height, outHeight, attrs);
    table(backend.runtime.memory.buffer, columns, width, outWidth, attrs);
    const sizes = [height, width, channels, outHeight, outWidth];
    const addresses = [backend.address(images), backend.address(out), rows, columns];
    backend.runtime.run(RESIZE_BILINEAR, batch * outHeight, [...addresses, ...sizes]);
  });
  return out;
};

/** Resizing of images. */
export const resizeKernels: Kernels = { ResizeBilinear: resizeBilinear };
