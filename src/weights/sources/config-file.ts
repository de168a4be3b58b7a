import { quoted } from '../../core/errors.js';
import { listed } from '../../core/listed.js';
import { shownUrl } from '../../core/shown-url.js';
import { isNotFound } from '../../core/transfer-error.js';
import { CheckpointError } from '../formats/checkpoint.js';
import { fetchParsed, type FetchOptions } from './fetch-source.js';
import { isRecord } from '../formats/json-values.js';
import { checkNoPointer } from '../formats/lfs-pointer.js';
import { sibling } from './sibling.js';

/** More than any such file has, in bytes: with all 21,841 classes of ImageNet, it has less than half of it. */
const MAX_BYTES = 2 ** 22;

/** Objects and lists in each other: more than any such file has. Each takes the parser a hundred bytes. */
const MAX_DEPTH = 100;

/** What to do where such a file is at fault. */
export const WITHOUT =
  'To load without the files next to the weights, give { config: false } (--no-config on the command line).';

/** A JSON file next to weights. Of its values, those that cannot be are errors that name file, key and value. */
export class ConfigFile {
  private constructor(
    readonly name: string,
    readonly values: Readonly<Record<string, unknown>>,
  ) {}

  /**
   * Reads the file of this name next to a source; undefined where there is none.
   * @throws Error where it cannot be said whether there is one, or it is no JSON object.
   */
  static async read(
    source: string | URL,
    name: string,
    options: FetchOptions = {},
  ): Promise<ConfigFile | undefined> {
    const address = sibling(source, name);
    const { limits } = options;
    const maxBytes = Math.min(limits?.maxBytes ?? MAX_BYTES, MAX_BYTES);
    const retries = Math.min(limits?.retries ?? 1, 1);
    const limited = { ...options, limits: { ...limits, maxBytes, retries } };
    try {
      const values = await fetchParsed([address], limited, ([bytes]) => parseObject(bytes!));
      return new ConfigFile(shownUrl(address), values);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw new Error(`${(error as Error).message} ${WITHOUT}`, { cause: error });
    }
  }

  /**
   * Checks that the file says something, or nothing at all.
   * @throws Error where it has keys, and none of these.
   */
  checkKnown(known: readonly string[]): void {
    const keys = Object.keys(this.values);
    if (keys.length === 0 || keys.some((key) => known.includes(key))) return;
    throw new Error(
      `${this.name} has no key that is known, but ${listed(keys.map(quoted), 10)}; known are ${listed(known)}. ${WITHOUT}`,
    );
  }

  /** The value of a key; undefined where it is not there or null. */
  get<T>(key: string, isPossible: (value: unknown) => value is T, expected: string): T | undefined {
    return this.valueIn(this.values, key, isPossible, expected);
  }

  /** As {@link get}, of an object in the file. */
  valueIn<T>(
    values: Readonly<Record<string, unknown>>,
    key: string,
    isPossible: (value: unknown) => value is T,
    expected: string,
  ): T | undefined {
    const value = values[key] ?? undefined;
    if (value === undefined || isPossible(value)) return value;
    throw this.impossible(key, value, expected);
  }

  /** The error of a value that cannot be. */
  impossible(key: string, value: unknown, expected: string): Error {
    const shown = JSON.stringify(value).slice(0, 100);
    return new Error(`${this.name}: ${key} is ${shown}; expected ${expected}. ${WITHOUT}`);
  }
}

function parseObject(bytes: Uint8Array): Record<string, unknown> {
  checkNoPointer(bytes);
  if (isDeep(bytes)) throw new CheckpointError(`it nests objects or lists more than ${MAX_DEPTH} deep.`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new CheckpointError(
      `it is not JSON in UTF-8 (${(error as Error).message}). Fetch or save it again.`,
    );
  }
  if (isRecord(value)) return value;
  throw new CheckpointError('it is JSON, but not an object. Fetch or save it again.');
}

/** Whether more brackets open than close at some place, those in texts among them. */
function isDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  for (const byte of bytes) {
    if (byte === 0x5b || byte === 0x7b) depth++;
    else if (byte === 0x5d || byte === 0x7d) depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}
