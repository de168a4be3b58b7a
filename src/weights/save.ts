import { ArgumentError, check, checkModule, shown } from '../core/errors.js';
import { nodeFiles } from '../core/node-module.js';
import { replaceFile } from '../core/replace-file.js';
import type { AnyModule } from '../core/module.js';
import { encode, type EncodeOptions } from './encode.js';
import { isIndexedDb, storeWeights } from './sources/indexed-db.js';

/**
 * Saves a network's weights, which `load` reads again. A file is there as a whole or not at all, whatever happens.
 * @param path - Of a file, in Node; its folder must be there. Or `indexeddb://name`, in a page. A path that ends in `.weights.h5` has that
 * format.
 * @param options - As `encode` takes them.
 * @throws ArgumentError as `encode`, and where the path is none; WriteError where the file cannot be written; Error in a page
 * where the path is of a file.
 */
export async function save(model: AnyModule, path: string, options: EncodeOptions = {}): Promise<void> {
  checkModule('save', model);
  checkPath(path);
  const format = path.endsWith('.weights.h5') ? 'weights.h5' : 'safetensors';
  const bytes = await encode(model, { format, ...options });
  if (isIndexedDb(path)) await storeWeights(path, bytes);
  else await replaceFile(path, bytes);
}

function checkPath(path: string): void {
  check(
    typeof path === 'string' && path !== '' && !/^(https?|hf|file):/.test(path),
    () => `save: the path is ${shown(path)}; give the path of a file, or indexeddb://name in a page.`,
  );
  if (isIndexedDb(path)) return;
  try {
    nodeFiles('Writing files');
  } catch (error) {
    throw new ArgumentError(
      `A page cannot write the file '${path}'. Give an address such as 'indexeddb://net', or take the bytes that encode ` +
        'gives, and offer them for download.',
      { cause: error },
    );
  }
}
