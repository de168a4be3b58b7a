import { ArgumentError } from '../core/errors.js';
import { shownUrl } from '../core/shown-url.js';
import { isAddress, type WeightsSource } from './fetch-source.js';

/** What to call a source in an error; undefined of bytes, which have no name. */
export function nameOfSource(source: WeightsSource): string | undefined {
  if (isAddress(source)) return shownUrl(source);
  return source instanceof Blob ? (source as Partial<File>).name : undefined;
}

/** Runs what reads or takes weights; errors about them begin with the name of their file, where it has one. */
export async function naming<T>(source: WeightsSource, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const name = nameOfSource(source);
    if (name !== undefined && error instanceof Error && !(error instanceof ArgumentError)) {
      error.message = `${name}: ${error.message}`;
    }
    throw error;
  }
}
