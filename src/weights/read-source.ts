import { concatenate } from '../core/concatenate.js';
import { CheckpointError, elements, HostTensor, isCount, itemSize, type Checkpoint } from './checkpoint.js';
import { fetchParsed, isAddress, type FetchOptions, type WeightsSource } from './fetch-source.js';
import { isRecord } from './json-values.js';
import { kerasKey } from './keras.js';
import { storedWeight } from './quantization.js';
import { readCheckpoint } from './read-checkpoint.js';
import { hasSiblings, sibling } from './sibling.js';

/** The files of one checkpoint: more would be a hostile index. */
const MAX_FILES = 1000;

/**
 * Reads a checkpoint from anywhere. Where it has an address, that may also be of an index that names other files beside
 * it: safetensors' `model.safetensors.index.json`, or the `model.json` of a TensorFlow.js layers-model.
 * @throws CheckpointError where a file is damaged or of an unknown format.
 * @throws Error where a file cannot be read.
 */
export async function readSource(source: WeightsSource, options: FetchOptions = {}): Promise<Checkpoint> {
  const parts = await fetchParsed([source], options, async ([bytes]) => {
    const index = parseIndex(bytes!);
    return index ? partsOf(index, source) : await readCheckpoint(bytes!);
  });
  return typeof parts === 'function' ? parts({ ...options, sha256: undefined }) : parts;
}

/** Reads the files that an index names, beside it. */
function partsOf(
  { weight_map: weightMap, weightsManifest: manifest }: Record<string, unknown>,
  source: WeightsSource,
): (options: FetchOptions) => Promise<Checkpoint> {
  if (!isAddress(source) || !hasSiblings(source)) {
    throw new CheckpointError(
      'This is JSON. Where it is an index of other files, they are beside it: give its path or URL, not its bytes.',
    );
  }
  if (isRecord(weightMap)) return (options) => readShards(source, weightMap, options);
  if (Array.isArray(manifest)) return (options) => readManifest(source, manifest, options);
  throw new CheckpointError(
    'This is JSON without the weight_map of sharded safetensors and without the weightsManifest of a ' +
      'TensorFlow.js layers-model; give the file of the weights.',
  );
}

/** The object of a JSON file; undefined of other files. */
function parseIndex(bytes: Uint8Array): Record<string, unknown> | undefined {
  // An object, whose brace only space may precede; safetensors has its brace at byte 8, after eight of a length.
  if (!/^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 8)))) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** safetensors in several files: which tensor is in which. */
async function readShards(
  source: string | URL,
  weightMap: Record<string, unknown>,
  options: FetchOptions,
): Promise<Checkpoint> {
  const files = new Set(Object.values(weightMap).map(String));
  checkCount(files.size);
  const tensors = new Map<string, HostTensor>();
  for (const file of files) {
    const shard = await fetchParsed([sibling(source, file)], options, ([bytes]) => readCheckpoint(bytes!));
    for (const [key, tensor] of shard.tensors) {
      if (tensors.has(key)) throw new CheckpointError(`'${key}' is in more than one shard.`);
      if (weightMap[key] === file) tensors.set(key, tensor);
    }
  }
  const absent = Object.keys(weightMap).filter((key) => !tensors.has(key));
  if (absent.length > 0) {
    throw new CheckpointError(
      `The index names tensors that their shards have not: ${absent.join(', ')}. Fetch all files again.`,
    );
  }
  return { tensors, metadata: new Map() };
}

/** The groups of a TensorFlow.js layers-model: the tensors' bytes lie one after the other in a group's files. */
async function readManifest(
  source: string | URL,
  groups: readonly unknown[],
  options: FetchOptions,
): Promise<Checkpoint> {
  const tensors = new Map<string, HostTensor>();
  for (const group of groups) {
    const { paths, weights } = isRecord(group) ? group : {};
    if (!Array.isArray(paths) || !Array.isArray(weights))
      throw damagedManifest('a group has no paths or no weights');
    checkCount(paths.length);
    const files = paths.map((path) => sibling(source, String(path)));
    for (const [key, tensor] of await fetchParsed(files, options, (parts) => readGroup(weights, parts))) {
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

function checkCount(files: number): void {
  if (files > MAX_FILES)
    throw new CheckpointError(`The index names ${files} files; ${MAX_FILES} is the limit.`);
}

function damagedManifest(what: string): CheckpointError {
  return new CheckpointError(`This TensorFlow.js model is damaged: ${what}. Fetch it again.`);
}
