import { concatenate } from '../../core/concatenate.js';
import { CheckpointError, elements, HostTensor, isCount, itemSize, type Checkpoint } from './checkpoint.js';
import { isRecord } from './json-values.js';
import { kerasKey } from './keras.js';
import { storedWeight } from './quantization.js';
import { checkFileCount, type ReadParts } from './shards.js';

/** The groups of a TensorFlow.js layers-model: the tensors' bytes lie one after the other in a group's files. */
export async function readManifest(groups: readonly unknown[], readParts: ReadParts): Promise<Checkpoint> {
  const tensors = new Map<string, HostTensor>();
  for (const group of groups) {
    const { paths, weights } = isRecord(group) ? group : {};
    if (!Array.isArray(paths) || !Array.isArray(weights))
      throw damagedManifest('a group has no paths or no weights');
    checkFileCount(paths.length);
    for (const [key, tensor] of await readParts(paths.map(String), (parts) => readGroup(weights, parts))) {
      if (tensors.has(key)) throw damagedManifest(`'${key}' is in it twice`);
      tensors.set(key, tensor);
    }
  }
  return { tensors, metadata: new Map() };
}

/** The tensors of a group, whose bytes its files have. */
function readGroup(weights: readonly unknown[], parts: readonly Uint8Array[]): [string, HostTensor][] {
  const bytes = parts.length === 1 ? parts[0]! : concatenate(parts);
  let place = 0;
  const tensors = weights.map((weight): [string, HostTensor] => {
    const { key, tensor, end } = manifestTensor(weight, bytes, place);
    place = end;
    return [key, tensor];
  });
  if (place !== bytes.length) throw damagedManifest(`its tensors end at byte ${place} of ${bytes.length}`);
  return tensors;
}

function manifestTensor(weight: unknown, bytes: Uint8Array, begin: number) {
  const { name, shape, dtype, quantization } = isRecord(weight) ? weight : {};
  if (typeof name !== 'string') throw damagedManifest('a tensor has no name');
  if (!Array.isArray(shape) || !shape.every(isCount) || !isCount(elements(shape))) {
    throw damagedManifest(`'${name}' has the shape ${JSON.stringify(shape)}`);
  }
  const { dtype: type, decode } = storedWeight(name, dtype, quantization);
  const end = begin + elements(shape) * itemSize(type);
  if (end > bytes.length) throw damagedManifest(`'${name}' ends at byte ${end} of ${bytes.length}`);
  return {
    key: kerasKey(name),
    tensor: decode(new HostTensor(type, shape, bytes.subarray(begin, end))),
    end,
  };
}

function damagedManifest(what: string): CheckpointError {
  return new CheckpointError(`This TensorFlow.js model is damaged: ${what}. Fetch or save it again.`);
}
