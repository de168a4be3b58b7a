import { ArgumentError } from '../../core/errors.js';
import { shownUrl } from '../../core/shown-url.js';

/**
 * Where weights are: a path, a URL, `hf://owner/name[@revision]/file` on the Hugging Face hub, `indexeddb://name` in a
 * browser, a Blob or File, or the file's bytes.
 */
export type WeightsSource = string | URL | Blob | Uint8Array;

/** What to call a source in an error; undefined of bytes, which have no name. A URL's query and password may be secret. */
export function nameOfSource(source: WeightsSource): string | undefined {
  if (source instanceof Blob) return (source as Partial<File>).name;
  return source instanceof Uint8Array ? undefined : shownUrl(source);
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
