import { quoted } from '../../core/errors.js';
import { listed } from '../../core/listed.js';
import { CheckpointError, type Checkpoint, type HostTensor } from './checkpoint.js';
import { isHdf5 } from './hdf5.js';
import { readKerasPart } from './keras.js';
import { decode } from './decode.js';

/**
 * Reads files that an index names and that belong together, and gives their bytes to a function, in whose errors it names the
 * first of them.
 */
export type ReadParts = <T>(
  names: readonly string[],
  read: (files: readonly Uint8Array[]) => T | Promise<T>,
) => Promise<T>;

/** The files of one checkpoint: more would be a hostile index. */
const MAX_FILES = 1000;

/** @throws CheckpointError where an index names too many files. */
export function checkFileCount(files: number): void {
  if (files > MAX_FILES)
    throw new CheckpointError(`The index names ${files} files; ${MAX_FILES} is the limit.`);
}

/**
 * The tensors of several files, one file after the other.
 * @param weightMap - Which file has which tensor; of Keras, which files have which group of variables.
 */
export async function readShards(
  weightMap: Readonly<Record<string, unknown>>,
  readParts: ReadParts,
): Promise<Checkpoint> {
  const keysOf = new Map<string, Set<string>>();
  for (const [key, files] of Object.entries(weightMap)) {
    for (const file of Array.isArray(files) ? files : [files]) {
      if (typeof file !== 'string') throw new CheckpointError(`The index names no file for '${key}'.`);
      keysOf.set(file, (keysOf.get(file) ?? new Set()).add(key));
    }
  }
  checkFileCount(keysOf.size);
  const tensors = new Map<string, HostTensor>();
  const layerNames = new Map<string, string>();
  for (const [file, keys] of keysOf) {
    const part = await readParts([file], ([bytes]) => readShard(bytes!, keys, layerNames));
    const absent = [...keys].filter((key) => !part.found.has(key));
    if (absent.length > 0) {
      throw new CheckpointError(
        `The index names tensors that are not in ${quoted(file)}: ${listed(absent)}. Fetch all files again.`,
      );
    }
    for (const [key, tensor] of part.tensors) {
      if (tensors.has(key)) throw new CheckpointError(`'${key}' is in more than one shard.`);
      if (part.wanted.has(key)) tensors.set(key, tensor);
    }
  }
  return { tensors, metadata: new Map() };
}

/** The tensors of a file, those of them that are wanted, and what of the index was found: of Keras groups, otherwise tensors. */
async function readShard(bytes: Uint8Array, keys: ReadonlySet<string>, layerNames: Map<string, string>) {
  if (isHdf5(bytes)) {
    const { tensors, groups } = await readKerasPart(bytes, layerNames);
    return { tensors, wanted: tensors, found: groups };
  }
  const { tensors } = await decode(bytes);
  return { tensors, wanted: keys, found: tensors };
}
