import {
  CheckpointError,
  elements,
  HostTensor,
  isCount,
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
import { isZip, readStoredZip } from './zip.js';

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

/** Where a checkpoint of more than weights keeps the weights; the first found counts, averaged weights last. */
const nestings = [
  'state_dict',
  'model_state_dict',
  'model',
  'net',
  'ema_state_dict',
  'state_dict_ema',
  'model_ema',
  'ema',
];

/** The deepest nesting that is unwrapped. */
const MAX_NESTING = 8;

/** The largest rank; PyTorch's own operations take no more. */
const MAX_RANK = 64;

/** The elements that a file stores together. Their bytes may be known only after the pickle that names them. */
interface Storage {
  readonly dtype: DType;
  readonly count: number;
  bytes: Uint8Array | undefined;
}

/** What a persistent identifier stands for: `count` elements of a storage from `offset` on. */
class StorageView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly count: number,
  ) {}
}

/** A tensor whose storage may not be read yet; its offset is the storage's. */
class TensorView {
  constructor(
    readonly storage: Storage,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}
}

/** Whether these bytes are of a PyTorch file of any age. */
export function isPyTorch(bytes: Uint8Array): boolean {
  // A pickle begins with its protocol, or in protocol 1 with the magic number in digits.
  const isPickle = (bytes[0] === 0x80 && bytes[1]! <= 5) || (bytes[0] === 0x4c && bytes[1] === 0x31);
  return isZip(bytes) || isTar(bytes) || isPickle;
}

function isTar(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes.subarray(257, 262)) === 'ustar';
}

/**
 * Reads what `torch.save` wrote of a state_dict: the zip form and the older one of pickles in a row. The state_dict may
 * be inside a dictionary, as `state_dict`, `model_state_dict`, `model` or `net`, or, where none of these is there, as the
 * averaged weights `ema_state_dict`, `state_dict_ema`, `model_ema` or `ema`; entries that are not tensors are passed
 * over. The tensors are views on `bytes`. Only tensors and plain values are built; a reference to anything else is
 * refused, with its name.
 * @throws CheckpointError where the file is damaged, hostile, or holds no tensors.
 */
export function readPyTorch(bytes: Uint8Array): Checkpoint {
  if (isTar(bytes)) {
    throw new CheckpointError(
      'This is a tar archive, as the first versions of PyTorch wrote; load it with PyTorch and save it anew.',
    );
  }
  const value = isZip(bytes) ? readZip(bytes) : readLegacy(bytes);
  return { tensors: namedTensors(stateDict(value)), metadata: new Map() };
}

/** The zip form: `NAME/data.pkl`, and each storage as `NAME/data/KEY`. */
function readZip(bytes: Uint8Array): PickleValue {
  const parts = readStoredZip(bytes);
  const pickle = [...parts.keys()].find((name) => /(^|\/)data\.pkl$/.test(name));
  if (pickle === undefined) {
    throw new CheckpointError('This zip archive has no data.pkl, so it is not a PyTorch file of weights.');
  }
  const folder = pickle.slice(0, -'data.pkl'.length);
  const byteOrder = parts.get(`${folder}byteorder`);
  if (byteOrder && new TextDecoder().decode(byteOrder).trim() !== 'little') {
    throw new CheckpointError(
      'This PyTorch file was written on a big-endian machine; load it with PyTorch on a common one and save it anew.',
    );
  }
  const storages = new Map<string, Storage>();
  const load = loader(storages, (key) => {
    const name = `${folder}data/${key}`;
    const part = parts.get(name);
    if (!part) throw new CheckpointError(`This PyTorch file lacks its part '${name}'. Fetch it again.`);
    return part;
  });
  return unpickle(parts.get(pickle)!, { resolve, load }).value;
}

/** What the legacy form begins with. */
const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;

/**
 * The legacy form: pickles of a magic number, a protocol and the system, one of the object, one of the keys of the
 * storages, and then each storage as the count of its elements and the elements, little-endian on any machine. Source:
 * `_legacy_load` of torch/serialization.py.
 */
function readLegacy(bytes: Uint8Array): PickleValue {
  const storages = new Map<string, Storage>();
  const context: PickleContext = { resolve, load: loader(storages, () => undefined) };
  const magic = unpickle(bytes, context);
  if (magic.value !== LEGACY_MAGIC)
    throw new CheckpointError(
      'This pickle is not one that torch.save wrote; save the weights with torch.save(model.state_dict(), file).',
    );
  const protocol = unpickle(bytes, context, magic.end);
  const system = unpickle(bytes, context, protocol.end);
  const object = unpickle(bytes, context, system.end);
  const keys = unpickle(bytes, context, object.end);

  if (!Array.isArray(keys.value)) throw damaged('it has no list of its storages');
  let place = keys.end;
  for (const key of keys.value) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (!storage) throw damaged('it has data that nothing refers to');
    const begin = place + 8;
    const end = begin + storage.count * itemSize(storage.dtype);
    if (end > bytes.length) throw damaged('it is cut short');
    const count = new DataView(bytes.buffer, bytes.byteOffset + place, 8).getBigInt64(0, true);
    if (count !== BigInt(storage.count))
      throw damaged(`a storage has ${count} elements, not ${storage.count}`);
    storage.bytes = bytes.subarray(begin, end);
    place = end;
  }
  return object.value;
}

/**
 * The function that makes a storage of the persistent identifier ('storage', class, key, device, count[, view]), once for
 * each key. The view, of old files, is (its key, offset, count) or None.
 */
function loader(
  storages: Map<string, Storage>,
  bytesOf: (key: string) => Uint8Array | undefined,
): (identifier: PickleValue) => StorageView {
  return (identifier) => {
    const [tag, type, key, , count, view] = Array.isArray(identifier) ? identifier : [];
    const dtype = typeof type === 'function' ? (type as Partial<StorageClass>).dtype : undefined;
    if (tag !== 'storage' || !dtype || typeof key !== 'string' || !isCount(count)) {
      throw damaged('it refers to something that is not a storage');
    }
    const storage = storages.get(key) ?? { dtype, count, bytes: bytesOf(key) };
    if (storage.dtype !== dtype || storage.count !== count) {
      throw damaged(`its storage '${key}' is ${storage.count} ${storage.dtype} and also ${count} ${dtype}`);
    }
    storages.set(key, storage);
    const [, offset, viewed] = Array.isArray(view) ? view : [key, 0, count];
    if (!isCount(offset) || !isCount(viewed) || offset + viewed > count) {
      throw damaged(`its storage '${key}' of ${count} elements has a view beyond its end`);
    }
    return new StorageView(storage, offset, viewed);
  };
}

function damaged(what: string): CheckpointError {
  return new CheckpointError(`This PyTorch file is damaged: ${what}. Fetch it again.`);
}

function refuse({ module, name }: Global): never {
  throw new CheckpointError(
    `This PyTorch file refers to ${module}.${name}, and only tensors and plain containers are read. ` +
      'Save the state_dict alone: torch.save(model.state_dict(), file).',
  );
}

/** What the names in checkpoints of weights stand for. A value that no weight can come from is kept as null. */
const known: Record<string, PickleFunction> = {
  'collections.OrderedDict': ([items]) => dictionary(items),
  'collections.Counter': ([items]) => dictionary(items),
  'torch._utils._rebuild_tensor_v2': rebuild,
  'torch._utils._rebuild_tensor': rebuild,
  'torch._utils._rebuild_parameter': ([tensor]) => tensor ?? null,
  'torch._utils._rebuild_parameter_with_state': ([tensor]) => tensor ?? null,
  'torch.Size': ([size]) => size ?? [],
  'torch.device': () => null,
  'builtins.set': ([items]) => items ?? [],
  '__builtin__.set': ([items]) => items ?? [],
  '_codecs.encode': () => null,
  'numpy.dtype': () => null,
  'numpy.core.multiarray.scalar': () => null,
  'numpy._core.multiarray.scalar': () => null,
};

/** A storage class: known by its elements, and not to be called. */
type StorageClass = PickleFunction & { readonly dtype: DType };

function resolve(global: Global): PickleFunction {
  const { module, name } = global;
  const fullName = `${module}.${name}`;
  if (Object.hasOwn(known, fullName)) return known[fullName]!;
  if (module === 'torch' && Object.hasOwn(storageTypes, name)) {
    const storageClass: StorageClass = Object.assign(() => refuse(global), { dtype: storageTypes[name]! });
    return storageClass;
  }
  return refuse(global);
}

/**
 * The dictionary of a call: its argument or, as Python 2 wrote it, of a list of pairs. The pairs leave the list, since one
 * list for many dictionaries would multiply a hostile file.
 */
function dictionary(items: PickleValue = []): Map<PickleValue, PickleValue> {
  if (items instanceof Map) return items;
  if (!isPairs(items)) throw damaged('it makes a dictionary of what is not pairs');
  return new Map(items.splice(0));
}

function isPairs(value: PickleValue): value is [PickleValue, PickleValue][] {
  return Array.isArray(value) && value.every((item) => Array.isArray(item) && item.length === 2);
}

function rebuild([view, offset, shape, strides]: PickleValue[]): TensorView {
  const areCounts = (value: unknown): value is number[] =>
    Array.isArray(value) && value.length <= MAX_RANK && value.every(isCount);
  if (
    !(view instanceof StorageView) ||
    !isCount(offset) ||
    !areCounts(shape) ||
    !areCounts(strides) ||
    shape.length !== strides.length ||
    !isCount(elements(shape))
  ) {
    throw damaged('it describes a tensor wrongly');
  }
  const last = offset + shape.reduce((sum, n, axis) => sum + (n - 1) * strides[axis]!, 0);
  if (!shape.includes(0) && last >= view.count) {
    throw damaged(`it has a tensor [${shape}] for which its storage of ${view.count} elements is too small`);
  }
  // A stride of zero repeats elements: a short file would fill any memory.
  if (elements(shape) > view.count) {
    throw new CheckpointError(
      `This PyTorch file expands ${view.count} elements to a tensor [${shape}]; save it with .contiguous().`,
    );
  }
  return new TensorView(view.storage, view.offset + offset, shape, strides);
}

/** The innermost dictionary on the way of {@link nestings}. */
function stateDict(value: PickleValue): Map<PickleValue, PickleValue> {
  let inner: PickleValue | undefined = value;
  for (let depth = 0; depth < MAX_NESTING; depth++) {
    if (!(inner instanceof Map)) {
      throw new CheckpointError(
        'This PyTorch file holds no dictionary of tensors. Save the state_dict: torch.save(model.state_dict(), file).',
      );
    }
    const outer: Map<PickleValue, PickleValue> = inner;
    inner = nestings.map((key) => outer.get(key)).find((nested) => nested instanceof Map);
    if (inner === undefined) return outer;
  }
  throw damaged(`its dictionaries are nested more than ${MAX_NESTING} deep`);
}

function namedTensors(state: Map<PickleValue, PickleValue>): Map<string, HostTensor> {
  const tensors = new Map<string, HostTensor>();
  for (const [key, entry] of state) {
    if (typeof key === 'string' && entry instanceof TensorView) tensors.set(key, toHostTensor(key, entry));
  }
  if (tensors.size === 0) {
    const keys = [...state.keys()].slice(0, 10).filter((key) => typeof key === 'string');
    throw new CheckpointError(
      `This PyTorch file holds a dictionary without tensors (its keys: ${keys.join(', ') || 'none'}). ` +
        `The tensors may be in it as ${nestings.join(', ')}.`,
    );
  }
  return tensors;
}

function toHostTensor(key: string, { storage, offset, shape, strides }: TensorView): HostTensor {
  const size = itemSize(storage.dtype);
  if (!storage.bytes || storage.bytes.length < storage.count * size) {
    throw damaged(`the data of '${key}' is missing or cut short`);
  }
  return new HostTensor(storage.dtype, shape, storage.bytes.subarray(offset * size), strides);
}
