import { CheckpointError, type Checkpoint } from './checkpoint.js';
import { unpickle, type PickleContext } from './pickle.js';
import type { PickleValue } from './python-values.js';
import { findWeights } from './state-dict.js';
import { damaged, resolveTorch, storageLoader, type Storage } from './torch-tensors.js';
import { isZip, readStoredZip } from './zip.js';

/** Whether these bytes are of a PyTorch file of any age. */
export function isPyTorch(bytes: Uint8Array): boolean {
  // A pickle begins with its protocol, or in protocol 0 and 1 with the magic number in digits.
  const isPickle = (bytes[0] === 0x80 && bytes[1]! <= 5) || (bytes[0] === 0x4c && bytes[1] === 0x31);
  return isZip(bytes) || isTar(bytes) || isPickle;
}

function isTar(bytes: Uint8Array): boolean {
  return new TextDecoder().decode(bytes.subarray(257, 262)) === 'ustar';
}

/**
 * Reads what `torch.save` wrote: the zip form and the older one of pickles in a row, and the zip form of TorchScript. The
 * weights may be a state_dict or a whole model, alone or anywhere in a training's checkpoint. The tensors are views on
 * `bytes`. No code is run, and nothing but tensors and plain values is built: other objects are passed over, and
 * `skipped` names them.
 * @param checkpointKey - Which weights of a file that has several, such as `'state_dict_ema'`, or in short `'ema'`.
 * @throws CheckpointError where the file is damaged, would run a program in Python, holds no tensors, or has several weights and
 * none is named.
 */
export function decodePyTorch(bytes: Uint8Array, checkpointKey?: string): Checkpoint {
  if (isTar(bytes)) {
    throw new CheckpointError(
      'This is a tar archive, as the first versions of PyTorch wrote; load it with PyTorch and save it again.',
    );
  }
  const value = isZip(bytes) ? readZip(bytes) : readLegacy(bytes);
  return { ...findWeights(value, checkpointKey), metadata: new Map() };
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
  if (byteOrder && new TextDecoder().decode(byteOrder()).trim() !== 'little') {
    throw new CheckpointError(
      'This PyTorch file was written on a big-endian machine; load it with PyTorch on a common one and save it again.',
    );
  }
  const storages = new Map<string, Storage>();
  const load = storageLoader(storages, (key) => {
    const name = `${folder}data/${key}`;
    const part = parts.get(name);
    if (!part)
      throw new CheckpointError(`This PyTorch file lacks its part '${name}'. Fetch or save it again.`);
    return part();
  });
  return unpickle(parts.get(pickle)!(), { resolve: resolveTorch, load }).value;
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
  const context: PickleContext = { resolve: resolveTorch, load: storageLoader(storages, () => undefined) };
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
    const end = begin + storage.count * storage.size;
    if (end > bytes.length) throw damaged('it is cut short');
    const count = new DataView(bytes.buffer, bytes.byteOffset + place, 8).getBigInt64(0, true);
    if (count !== BigInt(storage.count))
      throw damaged(`a storage has ${count} elements, not ${storage.count}`);
    storage.bytes = bytes.subarray(begin, end);
    place = end;
  }
  return object.value;
}
