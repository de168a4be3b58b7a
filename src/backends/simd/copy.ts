import type { SimdBackend } from './backend.js';
import { COPY } from './kernel-ids.js';

/** Floats that are worth a chunk of their own. */
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
