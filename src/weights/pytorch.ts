import { unzipSync } from 'fflate';
import {
  CheckpointError,
  elements,
  HostTensor,
  itemSize,
  type Checkpoint,
  type DType,
} from './checkpoint.js';
import {
  unpickle,
  type Global,
  type PickleContext,
  type PickleFunction,
  type PickleValue,
} from './pickle.js';

/** PyTorch's storage classes by the type of their elements. */
const storageTypes: Record<string, DType> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

/** Where a checkpoint of more than weights keeps the weights, the first found counts. */
const nestings = ['state_dict', 'model_state_dict', 'model', 'net'];

/** A storage that tensors are views of. Its bytes may be known only after the pickle that names it. */
interface Storage {
  readonly dtype: DType;
  readonly count: number;
  bytes: Uint8Array | undefined;
}

/** A tensor whose storage may not be read yet. */
class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** Whether these bytes are of a PyTorch file, zip or legacy. */
export function isPyTorch(bytes: Uint8Array): boolean {
  return isZip(bytes) || (bytes[0] === 0x80 && bytes[1]! <= 5);
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/**
 * Reads what `torch.save` wrote of a state_dict, or of a dictionary that has one as `state_dict`, `model_state_dict`,
 * `model` or `net`: the zip form and the older one of pickles in a row. Only tensors and plain containers are built; a
 * reference to anything else is refused, with its name.
 * @throws CheckpointError where the file is damaged, hostile, or holds no tensors.
 */
export function readPyTorch(bytes: Uint8Array): Checkpoint {
  const value = isZip(bytes) ? readZip(bytes) : readLegacy(bytes);
  return { tensors: new Map(namedTensors(value)), metadata: new Map() };
}

/** The zip form: `NAME/data.pkl`, and each storage as `NAME/data/KEY`. */
function readZip(bytes: Uint8Array): PickleValue {
  let files: Record<string, Uint8Array>;
  try {
    files = unzipSync(bytes, {
      filter: ({ name, size, originalSize, compression }) => {
        if (compression === 0 && size === originalSize) return true;
        throw new CheckpointError(`'${name}' is compressed, which torch.save never does.`);
      },
    });
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError(
      `This PyTorch file is a damaged zip archive (${String(error)}). Fetch it again.`,
    );
  }
  const pickle = Object.keys(files).find((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new CheckpointError('This zip archive has no data.pkl, so it is not a PyTorch file of weights.');
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  const byteOrder = files[`${folder}byteorder`];
  if (byteOrder && new TextDecoder().decode(byteOrder).trim() !== 'little') {
    throw new CheckpointError(
      'This PyTorch file was written on a big-endian machine; save it anew on a common one.',
    );
  }
  const storages = new Map<string, Storage>();
  const load = (identifier: PickleValue): Storage => {
    const storage = newStorage(identifier);
    const known = storages.get(storage.key);
    if (known) return known;
    const name = `${folder}data/${storage.key}`;
    const data = Object.hasOwn(files, name) ? files[name] : undefined;
    if (!data) throw new CheckpointError(`This PyTorch file lacks its part '${name}'. Fetch it again.`);
    storage.bytes = data;
    storages.set(storage.key, storage);
    return storage;
  };
  return unpickle(files[pickle]!, { resolve, load }).value;
}

/** What the legacy form begins with. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

/**
 * The legacy form: pickles of a magic number, a protocol and the system, one of the object, one of the keys of the
 * storages, and then each storage as the count of its elements and the elements.
 */
function readLegacy(bytes: Uint8Array): PickleValue {
  const storages = new Map<string, Storage>();
  const load = (identifier: PickleValue): Storage => {
    const storage = newStorage(identifier);
    const known = storages.get(storage.key);
    if (!known) storages.set(storage.key, storage);
    return known ?? storage;
  };
  const context: PickleContext = { resolve, load };
  const magic = unpickle(bytes, context);
  if (magic.value !== LEGACY_MAGIC)
    throw new CheckpointError('This pickle is not one that torch.save wrote.');
  const protocol = unpickle(bytes, context, magic.end);
  const system = unpickle(bytes, context, protocol.end);
  const object = unpickle(bytes, context, system.end);
  const keys = unpickle(bytes, context, object.end);

  let place = keys.end;
  for (const key of Array.isArray(keys.value) ? keys.value : []) {
    const storage = storages.get(String(key));
    if (!storage)
      throw new CheckpointError(`This PyTorch file has data of '${String(key)}', which nothing refers to.`);
    const begin = place + 8;
    const end = begin + storage.count * itemSize[storage.dtype];
    if (end > bytes.length) throw new CheckpointError('This PyTorch file is cut short. Fetch it again.');
    const count = new DataView(bytes.buffer, bytes.byteOffset + place, 8).getBigInt64(0, true);
    if (count !== BigInt(storage.count)) {
      throw new CheckpointError(
        `A storage of this PyTorch file has ${count} elements, not ${storage.count}.`,
      );
    }
    storage.bytes = bytes.subarray(begin, end);
    place = end;
  }
  return object.value;
}

/** Reads the persistent identifier ('storage', class, key, device, count). */
function newStorage(identifier: PickleValue): Storage & { key: string } {
  if (!Array.isArray(identifier) || identifier[0] !== 'storage' || typeof identifier[1] !== 'function') {
    throw new CheckpointError('This PyTorch file refers to something that is not a storage.');
  }
  const [, type, key, , count, view] = identifier;
  const { dtype } = type as { dtype?: DType };
  if (!dtype || typeof count !== 'number' || !(Number.isSafeInteger(count) && count >= 0)) {
    throw new CheckpointError('This PyTorch file refers to a storage without type or size.');
  }
  if (view !== undefined && view !== null) {
    throw new CheckpointError(
      'This PyTorch file has views of storages, a form older than PyTorch 0.4; save it anew.',
    );
  }
  return { key: String(key), dtype, count, bytes: undefined };
}

function refuse({ module, name }: Global): never {
  throw new CheckpointError(
    `This PyTorch file refers to ${module}.${name}, and only tensors and plain containers are read. ` +
      'Save the state_dict alone: torch.save(model.state_dict(), file).',
  );
}

/** What the names of a checkpoint of weights stand for. */
const known: Record<string, PickleFunction> = {
  'collections.OrderedDict': () => new Map(),
  'torch._utils._rebuild_tensor_v2': ([storage, offset, shape, strides]) =>
    rebuild(storage, offset, shape, strides),
  'torch._utils._rebuild_tensor': ([storage, offset, shape, strides]) =>
    rebuild(storage, offset, shape, strides),
  'torch._utils._rebuild_parameter': ([tensor]) => tensor ?? null,
  'torch.Size': ([size]) => size ?? [],
  'torch.device': ([device]) => device ?? null,
  'builtins.set': ([items]) => items ?? [],
  '__builtin__.set': ([items]) => items ?? [],
  '_codecs.encode': ([text]) => text ?? null,
};

function resolve(global: Global): PickleFunction {
  const name = `${global.module}.${global.name}`;
  if (Object.hasOwn(known, name)) return known[name]!;
  const dtype = Object.hasOwn(storageTypes, global.name) ? storageTypes[global.name] : undefined;
  if (dtype && (global.module === 'torch' || global.module === 'torch.storage')) {
    return Object.assign(() => refuse(global), { dtype });
  }
  return refuse(global);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function rebuild(
  storage?: PickleValue,
  offset?: PickleValue,
  shape?: PickleValue,
  strides?: PickleValue,
): TensorView {
  const counts = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);
  if (
    !isStorage(storage) ||
    !isCount(offset) ||
    !counts(shape) ||
    !counts(strides) ||
    shape.length !== strides.length
  ) {
    throw new CheckpointError('This PyTorch file describes a tensor wrongly. Fetch it again.');
  }
  const empty = shape.includes(0);
  const last = offset + shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 0);
  if (!isCount(elements(shape)) || (!empty && last >= storage.count)) {
    throw new CheckpointError(
      `This PyTorch file has a tensor [${shape}] that its storage of ${storage.count} is too small for.`,
    );
  }
  // A view may repeat its elements through zero strides; what is larger than its storage is an attack on the memory.
  if (elements(shape) > storage.count && !empty) {
    throw new CheckpointError(
      `This PyTorch file expands a storage of ${storage.count} elements to [${shape}].`,
    );
  }
  return new TensorView(storage, offset, shape, strides);
}

function isStorage(value: unknown): value is Storage {
  return typeof value === 'object' && value !== null && 'dtype' in value && 'count' in value;
}

function namedTensors(value: PickleValue): [string, HostTensor][] {
  if (!(value instanceof Map)) {
    throw new CheckpointError(
      'This PyTorch file holds no dictionary of tensors. Save the state_dict: model.state_dict().',
    );
  }
  const inner = nestings.map((key) => value.get(key)).find((nested) => nested instanceof Map);
  if (inner instanceof Map) return namedTensors(inner);
  const tensors: [string, HostTensor][] = [];
  for (const [key, entry] of value) {
    if (typeof key === 'string' && entry instanceof TensorView) tensors.push([key, toHostTensor(key, entry)]);
  }
  if (tensors.length === 0)
    throw new CheckpointError('This PyTorch file holds a dictionary without tensors.');
  return tensors;
}

function toHostTensor(key: string, { storage, offset, shape, strides }: TensorView): HostTensor {
  const size = itemSize[storage.dtype];
  if (!storage.bytes || storage.bytes.length < storage.count * size) {
    throw new CheckpointError(`This PyTorch file lacks the data of '${key}'. Fetch it again.`);
  }
  return new HostTensor(storage.dtype, shape, storage.bytes.subarray(offset * size), strides);
}
