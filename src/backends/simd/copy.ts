import type { SimdBackend } from './backend.js';
import { COPY, PAD } from './kernel-ids.js';

/** Floats that are worth a separate chunk. */
const CHUNK = 32768;

/** Four numbers, of the outermost axis first. */
export type Four = readonly [number, number, number, number];

/** Copies a grid of floats between addresses; steps are in floats, and 0 repeats a value. */
export function copyGrid(
  backend: SimdBackend,
  from: number,
  to: number,
  dims: Four,
  fromSteps: Four,
  toSteps: Four,
): void {
  const [dim0, dim1, dim2, inner] = dims;
  const rows = dim0 * dim1 * dim2;
  if (rows * inner === 0) return;
  const rowsPerChunk = Math.max(1, Math.ceil(CHUNK / inner));
  const args = [from, to, ...dims, ...fromSteps, ...toSteps, rowsPerChunk];
  backend.runtime.run(COPY, Math.ceil(rows / rowsPerChunk), args);
}

/** Copies images [batch, height, width, channels] into the middle of zeros; what does not fit is left out. */
export function padImages(
  backend: SimdBackend,
  from: { readonly address: number; readonly batch: number; readonly height: number; readonly width: number },
  channels: number,
  to: { readonly address: number; readonly height: number; readonly width: number },
  before: { readonly top: number; readonly left: number },
): void {
  backend.runtime.run(PAD, from.batch * to.height, [
    ...[from.address, to.address, from.height, from.width, channels, to.height, to.width],
    ...[before.top, before.left],
  ]);
}
