import { quoted } from '../../core/errors.js';
import { listed } from '../../core/listed.js';
import { CheckpointError, type Checkpoint } from '../formats/checkpoint.js';
import { fetchParsed, isAddress, type FetchOptions } from './fetch-source.js';
import type { WeightsSource } from './source-name.js';
import { isRecord } from '../formats/json-values.js';
import { readManifest } from '../formats/layers-model.js';
import { decode } from '../formats/decode.js';
import { readShards, type ReadParts } from '../formats/shards.js';
import { hasSiblings, sibling } from './sibling.js';
import { naming, nameOfSource } from './source-name.js';

/** How a checkpoint is read. */
export interface ReadOptions extends FetchOptions {
  /**
   * Which weights of a file that has several, by their place in it or the prefix of their names: `'state_dict_ema'`, in short
   * `'ema'`, or `'teacher'`. Default the only ones.
   */
  readonly checkpointKey?: string;
  /**
   * The files that an index names: as a page has them of a file input, or a function that gives the one of a name. Default those
   * next to the index.
   */
  readonly parts?: Iterable<File> | ((name: string) => WeightsSource | Promise<WeightsSource>);
}

/**
 * Reads a checkpoint from anywhere. It may also be an index that names other files: of safetensors or PyTorch
 * (`model.safetensors.index.json`, `pytorch_model.bin.index.json`), of Keras (`model.weights.json`), or the `model.json` of a
 * TensorFlow.js layers-model.
 * @throws CheckpointError where a file is damaged or of an unknown format.
 * @throws Error where a file cannot be read. Both name the file.
 */
export async function readSource(source: WeightsSource, options: ReadOptions = {}): Promise<Checkpoint> {
  const read = await fetchParsed([source], options, async ([bytes]) => {
    const index = parseIndex(bytes!);
    return index ? indexReader(index, source, options) : await decode(bytes!, options.checkpointKey);
  });
  return typeof read === 'function' ? naming(source, read) : read;
}

/** The function that reads the files which an index names. */
function indexReader(
  { weight_map: weightMap, weightsManifest: manifest }: Record<string, unknown>,
  source: WeightsSource,
  options: ReadOptions,
): () => Promise<Checkpoint> {
  const readParts = partReader(source, options);
  if (isRecord(weightMap)) return () => readShards(weightMap, readParts);
  if (Array.isArray(manifest)) return () => readManifest(manifest, readParts);
  throw new CheckpointError(
    'This is JSON without the weight_map of sharded weights and without the weightsManifest of a TensorFlow.js ' +
      'layers-model; give the file of the weights.',
  );
}

/** The function that reads files which the index names. */
function partReader(source: WeightsSource, { parts, ...options }: ReadOptions): ReadParts {
  const find = (name: string) => {
    if (typeof parts === 'function') return parts(name);
    if (parts) return findFile([...parts], name);
    if (isAddress(source) && hasSiblings(source)) return sibling(source, name);
    throw new CheckpointError(
      `This is an index of other files, such as ${quoted(name)}: give its path or URL, next to which they are, or give ` +
        'them too: { parts: files }.',
    );
  };
  return async (names, read) => {
    const files: WeightsSource[] = [];
    for (const name of names) files.push(await find(name));
    const isNamed = files.length === 0 || nameOfSource(files[0]!) !== undefined;
    // A digest that was given is the index's.
    return fetchParsed(files, { ...options, sha256: undefined }, (bytes) =>
      isNamed ? read(bytes) : naming(names[0]!, () => read(bytes)),
    );
  };
}

/** The file that is called so, or lies at this path in a folder that was chosen. */
function findFile(files: readonly File[], name: string): File {
  const path = sibling('', name);
  const found =
    files.find((file) => file.webkitRelativePath?.endsWith(`/${path}`)) ??
    files.find((file) => file.name === path.replace(/.*\//, ''));
  if (found) return found;
  const names = files.map((file) => file.name);
  throw new CheckpointError(
    `The index names ${quoted(name)}, which is not among the files given (${listed(names) || 'none'}). Give it too.`,
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
