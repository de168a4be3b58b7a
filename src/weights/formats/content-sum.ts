import { crc32 } from '../../core/crc32.js';
import type { Checkpoint } from './checkpoint.js';

/** The metadata's name of the sum. */
export const SUM = 'crc32';

/** A sum that stands where one will. */
export const NO_SUM = '00000000';

/**
 * The CRC-32 of all that a file says, as eight hexadecimal digits: metadata, and the tensors' names, types, shapes and bytes,
 * each sorted by name, so that a program that only writes them in another order leaves the sum right.
 */
export function contentSum({ tensors, metadata }: Checkpoint): string {
  const text = new TextEncoder();
  const words = byName(metadata).filter(([name]) => name !== SUM);
  let crc = crc32(text.encode(JSON.stringify(words)));
  for (const [name, { dtype, shape, bytes }] of byName(tensors)) {
    crc = crc32(text.encode(JSON.stringify([name, dtype, shape])), crc);
    crc = crc32(bytes, crc);
  }
  return crc.toString(16).padStart(8, '0');
}

function byName<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
