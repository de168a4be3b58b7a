import { CheckpointError, type Checkpoint, type HostTensor } from './checkpoint.js';
import { isHdf5 } from './hdf5.js';
import { addKeras } from './keras.js';
import { readCheckpoint } from './read-checkpoint.js';

/**
 * Reads files that an index names and that belong together, and gives their bytes to a function whose errors it names the first
 * file in. Where that finds them damaged, it may be called again.
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
  let tensors = new Map<string, HostTensor>();
  let layerNames = new Map<string, string>();
  for (const [file, keys] of keysOf) {
    const part = await readParts([file], async ([bytes]) => {
      const own = { tensors: new Map(tensors), layerNames: new Map(layerNames) };
      const found = isHdf5(bytes!)
        ? await addKeras(own.tensors, bytes!, own.layerNames)
        : await addTensors(own.tensors, bytes!, keys);
      return { ...own, found };
    });
    ({ tensors, layerNames } = part);
    const absent = [...keys].filter((key) => !part.found.has(key));
    if (absent.length > 0) {
      throw new CheckpointError(
        `The index names tensors that '${file.slice(0, 100)}' has not: ${absent.join(', ')}. Fetch all files again.`,
      );
    }
  }
  return { tensors, metadata: new Map() };
}

/** Adds those of a file's tensors that the index says are in it. */
async function addTensors(
  tensors: Map<string, HostTensor>,
  bytes: Uint8Array,
  keys: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const shard = await readCheckpoint(bytes);
  for (const [key, tensor] of shard.tensors) {
    if (tensors.has(key)) throw new CheckpointError(`'${key}' is in more than one shard.`);
    if (keys.has(key)) tensors.set(key, tensor);
  }
  return new Set(shard.tensors.keys());
}
