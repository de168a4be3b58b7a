import { loadH5wasm } from '#h5wasm';
import type { Dataset, File, Group, ready } from 'h5wasm';
import { CheckpointError, elements, isCount, type DType } from './checkpoint.js';
import { withMemoryLimit } from './memory-limit.js';

/** A data set of an HDF5 file, with its path and the attribute `name` of the group that it is in. */
export interface Hdf5Tensor {
  /** The group that the path begins at; undefined of the root. */
  readonly top: string | undefined;
  readonly path: readonly string[];
  readonly groupName: string | undefined;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** The elements, little-endian. */
  readonly bytes: Uint8Array;
}

type H5Module = Awaited<typeof ready>;

/** The parts of h5wasm that are used, and the file that it reads. */
interface Library extends Pick<typeof import('h5wasm'), 'Group' | 'Dataset'> {
  readonly module: H5Module;
  readonly source: Source;
  readonly top: string | undefined;
}

/** Groups of a Keras file nest less deep; a group may contain itself. */
const MAX_DEPTH = 16;
const MAX_ENTRIES = 100_000;

/** Compressed or never written data may claim any size: this many bytes a byte of the file, and these on top. */
const MAX_EXPANSION = 16;
const EXPANSION_ON_TOP = 2 ** 20;

/** Bytes of memory that h5wasm may take besides a data set's, of which it has its chunk several times while it unpacks it. */
const WORKING_MEMORY = 2 ** 26;
const COPIES_OF_CHUNK = 4;

/** Whether the bytes begin as HDF5 files do. */
export function isHdf5(bytes: Uint8Array): boolean {
  return [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => bytes[i] === byte);
}

/**
 * Every data set of numbers of an HDF5 file below the first of these groups that is there, or below the root. It is read
 * by h5wasm, whose file system holds this file alone: links to others lead nowhere. What is neither compressed nor scattered is
 * a view on `bytes`.
 * @throws CheckpointError where h5wasm is not installed, or the file damaged.
 */
export async function readHdf5(bytes: Uint8Array, groups: readonly string[]): Promise<Hdf5Tensor[]> {
  const { File, Group, Dataset, ready } = await loadH5wasm();
  const module = await ready;
  module.activate_throwing_error_handler(); // Otherwise it prints its errors.
  const { FS } = module;
  const name = `weights-${fileNumber++}.h5`;
  return withMemoryLimit(WORKING_MEMORY, () => {
    let file: File | undefined;
    const source = mount(FS, name, bytes);
    try {
      file = new File(`/${name}`, 'r');
      if (file.file_id < 0n) throw damaged('it cannot be opened');
      const top = file.keys().find((key) => groups.includes(key));
      const budget = { entries: MAX_ENTRIES, bytes: MAX_EXPANSION * bytes.length + EXPANSION_ON_TOP };
      const begin = top === undefined ? file : (file.get(top) as Group);
      return [...dataSets(begin, [], { module, source, Group, Dataset, top }, budget)];
    } catch (error) {
      if (error instanceof CheckpointError) throw error;
      // The library's text is a dump of its stack.
      throw damaged(((error as Error | undefined)?.message ?? String(error)).split('\n')[0]!);
    } finally {
      // A file that was refused has no handle, and closing it would throw once more.
      if (file && file.file_id >= 0n) file.close();
      FS.unlink(`/${name}`);
      source.release();
    }
  });
}

let fileNumber = 0;

/** A file's bytes, and where in them h5wasm has read last. */
interface Source {
  bytes: Uint8Array;
  position: number;
  /** Lets the bytes go, also where h5wasm has the file open still, as it may have a damaged one. */
  readonly release: () => void;
}

type Read = (stream: unknown, buffer: Uint8Array, offset: number, length: number, position: number) => number;

/** A file of h5wasm's file system. */
interface FileNode {
  contents: Uint8Array;
  stream_ops: { read: Read };
}

/** Makes bytes a file in the root of h5wasm's file system, without a copy. */
function mount(fileSystem: H5Module['FS'], name: string, bytes: Uint8Array): Source {
  const [canRead, canWrite, canOwn] = [true, false, true];
  fileSystem.createDataFile('/', name, bytes, canRead, canWrite, canOwn);
  const node = fileSystem.lookupPath(`/${name}`, {}).node as unknown as FileNode;
  const operations = node.stream_ops;
  const source: Source = {
    bytes,
    position: 0,
    release() {
      this.bytes = node.contents = new Uint8Array();
    },
  };
  node.stream_ops = {
    ...operations,
    read: (...args) => {
      source.position = args[4];
      return operations.read(...args);
    },
  };
  return source;
}

/** Elements that h5wasm has read: the file's bytes where it read last, if that is what they are, otherwise a copy. */
function keep({ bytes, position }: Source, elements: Uint8Array): Uint8Array {
  const inFile = bytes.subarray(position, position + elements.length);
  return areEqual(inFile, elements) ? inFile : elements.slice();
}

/** False also of bytes that cannot be compared in words. */
function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length || (a.length | a.byteOffset | b.byteOffset) % 4 !== 0) return false;
  const [aWords, bWords] = [a, b].map((x) => new Int32Array(x.buffer, x.byteOffset, x.length / 4)) as [
    Int32Array,
    Int32Array,
  ];
  for (let i = 0; i < aWords.length; i++) if (aWords[i] !== bWords[i]) return false;
  return true;
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`This HDF5 file is damaged: ${what}. Fetch or save it again.`);
}

/** What a file may still take: a hostile one could fill any memory. */
interface Budget {
  entries: number;
  bytes: number;
}

function* dataSets(
  group: Group,
  path: readonly string[],
  library: Library,
  budget: Budget,
): Generator<Hdf5Tensor> {
  if (path.length > MAX_DEPTH) throw damaged(`its groups are nested more than ${MAX_DEPTH} deep`);
  const name = group.attrs['name']?.value;
  const groupName = typeof name === 'string' ? name : undefined;
  for (const key of group.keys()) {
    if (--budget.entries < 0) throw damaged(`it has more than ${MAX_ENTRIES} entries`);
    const entity = group.get(key);
    const at = [...path, key];
    if (entity instanceof library.Group) yield* dataSets(entity, at, library, budget);
    else if (entity instanceof library.Dataset) {
      const tensor = toTensor(library, entity, at, groupName, budget);
      if (tensor) yield tensor;
    }
  }
}

/** Undefined of text and other data that are no numbers. */
function toTensor(
  { module, source, top }: Library,
  dataset: Dataset,
  path: readonly string[],
  groupName: string | undefined,
  budget: Budget,
): Hdf5Tensor | undefined {
  const { type, size, total_size: count, littleEndian, signed, shape, chunks } = dataset.metadata;
  const name = path.join('/');
  const dtype = numberTypes[`${type},${size},${type === INTEGER && signed}`];
  if (dtype === undefined || !shape) return undefined;
  if (!littleEndian && type !== OPAQUE)
    throw new CheckpointError(`'${name}' is big-endian; save it again on another machine.`);
  const needed = count * size;
  if (!shape.every(isCount) || !isCount(needed) || elements(shape) !== count)
    throw damaged(`'${name}' has the shape [${shape}]`);
  budget.bytes -= needed;
  if (budget.bytes < 0) {
    throw damaged(`'${name}' claims ${needed} bytes, which with those before is too much for its file`);
  }
  const chunk = chunks ? elements(chunks) * size : 0;
  if (chunk > budget.bytes + needed) throw damaged(`'${name}' claims chunks of ${chunk} bytes`);
  const limit = WORKING_MEMORY + needed + COPIES_OF_CHUNK * chunk;
  return withMemoryLimit(limit, () => {
    const bytes = readData({ module, source }, dataset, name, needed);
    return { top, path, groupName, dtype, shape, bytes };
  });
}

/** The elements of a data set. */
function readData(
  { module, source }: Pick<Library, 'module' | 'source'>,
  dataset: Dataset,
  name: string,
  needed: number,
): Uint8Array {
  // Not dataset.value, which has no type for float16.
  const address = module._malloc(needed);
  if (address === 0)
    throw new CheckpointError(`'${name}' has ${needed} bytes, too many for h5wasm's memory.`);
  try {
    const status = module.get_dataset_data(dataset.file_id, dataset.path, null, null, null, BigInt(address));
    if (status < 0) throw damaged(`'${name}' cannot be read`);
    return keep(source, module.HEAPU8.subarray(address, address + needed));
  } finally {
    module._free(address);
  }
}

/** HDF5's classes of types (H5T_class_t). */
const INTEGER = 0;
const FLOAT = 1;
const OPAQUE = 5;

/**
 * By class, size in bytes and whether the integers are signed. Keras writes bfloat16 by h5py, for which it is two bytes of no
 * known meaning.
 */
const numberTypes: Record<string, DType> = {
  [`${FLOAT},2,false`]: 'F16',
  [`${FLOAT},4,false`]: 'F32',
  [`${FLOAT},8,false`]: 'F64',
  [`${OPAQUE},2,false`]: 'BF16',
  [`${INTEGER},8,true`]: 'I64',
  [`${INTEGER},8,false`]: 'U64',
  [`${INTEGER},4,true`]: 'I32',
  [`${INTEGER},4,false`]: 'U32',
  [`${INTEGER},2,true`]: 'I16',
  [`${INTEGER},2,false`]: 'U16',
  [`${INTEGER},1,true`]: 'I8',
  [`${INTEGER},1,false`]: 'U8',
};
