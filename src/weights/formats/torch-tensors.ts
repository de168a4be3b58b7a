import { CheckpointError, elements, HostTensor, isCount, itemSize, type DType } from './checkpoint.js';
import type { Global, PickleFunction } from './pickle.js';
import { PythonName, PythonObject, type PickleValue } from './python-values.js';

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

/** Bytes of an element of the storage classes whose numbers are not read. */
const unreadTypes: Record<string, number> = {
  ComplexDoubleStorage: 16,
  ComplexFloatStorage: 8,
  QInt32Storage: 4,
  QInt8Storage: 1,
  QUInt8Storage: 1,
  UntypedStorage: 1,
};

/** The largest rank; PyTorch's operations take no more. */
const MAX_RANK = 64;

/** The elements that a file stores together. Their bytes may be known only after the pickle that names them. */
export interface Storage {
  /** The name of its class. */
  readonly type: string;
  /** Undefined of numbers that are not read. */
  readonly dtype: DType | undefined;
  /** Bytes of an element. */
  readonly size: number;
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
export class TensorView {
  constructor(
    readonly storage: Storage,
    readonly dtype: DType,
    readonly offset: number,
    readonly shape: readonly number[],
    readonly strides: readonly number[],
  ) {}

  /** @throws CheckpointError that names the tensor where the file has not all of its data. */
  toHostTensor(key: string): HostTensor {
    const { bytes, count, size } = this.storage;
    if (!bytes || bytes.length < count * size) throw damaged(`the data of '${key}' is missing or cut short`);
    return new HostTensor(this.dtype, this.shape, bytes.subarray(this.offset * size), this.strides);
  }
}

/**
 * The function that makes a storage of the persistent identifier ('storage', class, key, device, count[, view]), once for
 * each key; the view, of old files, is (its key, offset, count) or None. Of ('module', class, …), as files of whole models
 * have it, it gives the class.
 */
export function storageLoader(
  storages: Map<string, Storage>,
  bytesOf: (key: string) => Uint8Array | undefined,
): (identifier: PickleValue) => PickleValue {
  return (identifier) => {
    const parts = typeof identifier === 'string' ? textIdentifier(identifier) : identifier;
    const [tag, type, key, , count, view] = Array.isArray(parts) ? parts : [];
    if (tag === 'module' && type instanceof PythonName) return type;
    const name = type instanceof PythonName ? type.name.replace(/^torch\.(storage\.)?/, '') : '';
    const dtype = Object.hasOwn(storageTypes, name) ? storageTypes[name] : undefined;
    if (tag !== 'storage' || name === '' || typeof key !== 'string' || !isCount(count)) {
      throw damaged('it refers to something that is not a storage');
    }
    const size = dtype ? itemSize(dtype) : Object.hasOwn(unreadTypes, name) ? unreadTypes[name]! : undefined;
    if (size === undefined) throw damaged(`it has a storage of the unknown class ${name}`);
    const storage = storages.get(key) ?? { type: name, dtype, size, count, bytes: bytesOf(key) };
    if (storage.type !== name || storage.count !== count) {
      throw damaged(
        `its storage '${key}' is ${storage.count} of ${storage.type} and also ${count} of ${name}`,
      );
    }
    storages.set(key, storage);
    const [, offset, viewed] = Array.isArray(view) ? view : [key, 0, count];
    if (!isCount(offset) || !isCount(viewed) || offset + viewed > count) {
      throw damaged(`its storage '${key}' of ${count} elements has a view beyond its end`);
    }
    return new StorageView(storage, offset, viewed);
  };
}

/** Protocol 0 prints an identifier: `('storage', <class 'torch.FloatStorage'>, '0', 'cpu', 4)`. */
function textIdentifier(text: string): PickleValue[] {
  const [, type, key, device, count] =
    /^\('storage', <class '([\w.]{1,100})'>, '(\w{1,100})', '([\w:]{1,100})', (\d{1,15})(?:, None)?\)$/.exec(
      text.trim(),
    ) ?? [];
  return type === undefined ? [] : ['storage', new PythonName(type), key!, device!, Number(count)];
}

/** The error of a file that is not as PyTorch writes it. */
export function damaged(what: string): CheckpointError {
  return new CheckpointError(`This PyTorch file is damaged: ${what}. Fetch or save it again.`);
}

/** What the names in checkpoints of weights stand for. A value that no weight can come from is kept as null. */
const known: Record<string, PickleFunction> = {
  'collections.OrderedDict': ([items]) => dictionary(items),
  'collections.Counter': ([items]) => dictionary(items),
  'collections.defaultdict': ([, items]) => dictionary(items),
  'torch._utils._rebuild_tensor_v2': rebuild,
  'torch._utils._rebuild_tensor': rebuild,
  'torch._utils._rebuild_parameter': ([tensor]) => tensor ?? null,
  'torch._utils._rebuild_parameter_with_state': ([tensor]) => tensor ?? null,
  'torch._tensor._rebuild_from_type_v2': ([function_, , args]) => rebuildSubclass(function_, args),
  'torch.Size': ([size]) => size ?? [],
  'torch.device': () => null,
  'builtins.set': ([items]) => items ?? [],
  '__builtin__.set': ([items]) => items ?? [],
  'builtins.frozenset': ([items]) => items ?? [],
  '__builtin__.frozenset': ([items]) => items ?? [],
  'builtins.bytearray': () => null,
  '_codecs.encode': () => null,
  'numpy.dtype': () => null,
  'numpy.core.multiarray.scalar': () => null,
  'numpy._core.multiarray.scalar': () => null,
};

/** Modules and functions that only an attack refers to: it would run a program in Python. */
const attacks =
  /^(os|posix|nt|subprocess|sys|shutil|socket|pty|runpy|importlib|commands|webbrowser)\.|^(builtins|__builtin__)\.(eval|exec|execfile|compile|open|__import__)$/;

/**
 * What a name stands for; undefined where no weight can come of it.
 * @throws CheckpointError where the name is one that only an attack has.
 */
export function resolveTorch({ module, name }: Global): PickleFunction | undefined {
  const fullName = `${module}.${name}`;
  if (Object.hasOwn(known, fullName)) return known[fullName];
  if (attacks.test(fullName)) {
    throw new CheckpointError(
      `This PyTorch file refers to ${fullName}, which would run a program in Python. It is an attack; do not load it.`,
    );
  }
  return undefined;
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

/** A tensor of another class: the call that makes it stands in the arguments. */
function rebuildSubclass(function_: PickleValue = null, args: PickleValue = null): PickleValue {
  return function_ === rebuild && Array.isArray(args) ? rebuild(args) : new PythonObject('torch.Tensor');
}

function rebuild([view, offset, shape, strides]: PickleValue[]): PickleValue {
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
  const { storage } = view;
  return storage.dtype
    ? new TensorView(storage, storage.dtype, view.offset + offset, shape, strides)
    : new PythonObject(`torch.${storage.type}`);
}
