import { checkOptions, checkOneOf, type OptionNames } from '../../core/errors.js';
import {
  CheckpointError,
  dtypes,
  elements,
  HostTensor,
  isCount,
  itemSize,
  type Checkpoint,
  type DType,
} from './checkpoint.js';
import { contentSum, NO_SUM, SUM } from './content-sum.js';
import { float32ToBfloat16, float32ToFloat16 } from './half.js';
import { isRecord } from './json-values.js';

/** The format's limit on its header, in bytes. */
const MAX_HEADER = 100_000_000;
const METADATA = '__metadata__';

/**
 * Reads a safetensors file: 8 bytes of header length, a JSON header, and the data that it describes. The tensors are
 * views on `bytes`. Source: the format's description in github.com/huggingface/safetensors.
 * @throws CheckpointError where the header is too large, not JSON or not of the format, has a key twice or an element
 * type without a counterpart here (float8 and less), or where the tensors' ranges overlap, leave gaps, do not fit their
 * shapes, or end elsewhere than the file, or where the file has a sum of {@link encodeSafetensors} and is not what was summed.
 */
export function decodeSafetensors(bytes: Uint8Array): Checkpoint {
  const fail = (what: string): never => {
    throw new CheckpointError(`This safetensors file is damaged: ${what}. Fetch or save it again.`);
  };
  if (bytes.length < 8) fail(`it has ${bytes.length} bytes, fewer than the 8 of its header's length`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32;
  if (headerLength > MAX_HEADER)
    fail(`its header claims ${headerLength} bytes, and ${MAX_HEADER} is the limit`);
  if (8 + headerLength > bytes.length) {
    fail(`its header claims ${headerLength} bytes, and the file has ${bytes.length} in all`);
  }
  const header = parseHeader(bytes.subarray(8, 8 + headerLength), fail);
  const data = bytes.subarray(8 + headerLength);

  const metadata = new Map<string, string>();
  const ranges: { key: string; begin: number; end: number; tensor: HostTensor }[] = [];
  for (const [key, entry] of Object.entries(header)) {
    if (key === METADATA) {
      for (const [name, text] of Object.entries(
        isRecord(entry) ? entry : fail(`${METADATA} is not an object`),
      )) {
        metadata.set(name, typeof text === 'string' ? text : fail(`${METADATA}.${name} is not a string`));
      }
      continue;
    }
    const { dtype, shape, begin, end } = checkEntry(key, entry, fail);
    if (end > data.length) fail(`'${key}' ends at byte ${end} of ${data.length}`);
    const needed = elements(shape) * itemSize(dtype);
    if (end - begin !== needed)
      fail(`'${key}' has ${end - begin} bytes where ${dtype} [${shape}] takes ${needed}`);
    ranges.push({ key, begin, end, tensor: new HostTensor(dtype, shape, data.subarray(begin, end)) });
  }

  let place = 0;
  for (const { key, begin, end } of [...ranges].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== place) fail(`'${key}' begins at byte ${begin}, and the one before it ends at ${place}`);
    place = end;
  }
  if (place !== data.length) fail(`its tensors end at byte ${place} of ${data.length}`);
  const checkpoint = { tensors: new Map(ranges.map(({ key, tensor }) => [key, tensor])), metadata };
  const sum = metadata.get(SUM);
  if (sum !== undefined && sum !== contentSum(checkpoint)) {
    throw new CheckpointError(
      `This safetensors file is damaged: its content does not have the sum that it should, ${sum}. Fetch or save it again; if another ` +
        `program has changed it on purpose, remove '${SUM}' from its metadata.`,
    );
  }
  return checkpoint;
}

function parseHeader(bytes: Uint8Array, fail: (what: string) => never): Record<string, unknown> {
  if (bytes[0] !== 0x7b) fail('its header does not begin with a brace');
  let json = '';
  let header: unknown;
  try {
    json = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    header = JSON.parse(json);
  } catch {
    fail('its header is not JSON');
  }
  if (!isRecord(header)) return fail('its header is not a JSON object');
  // JSON.parse keeps the last of two equal keys in silence.
  const keys = [header, ...Object.values(header)]
    .filter(isRecord)
    .reduce((n, x) => n + Object.keys(x).length, 0);
  if (countColons(json) !== keys) fail('its header has a key twice');
  return header;
}

/** The count of keys in the text of a JSON object and in the objects that are its values. */
function countColons(json: string): number {
  let count = 0;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < json.length; i++) {
    const c = json[i]!;
    if (quoted) {
      if (c === '\\') i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') depth--;
    else if (c === ':' && depth <= 2) count++;
  }
  return count;
}

function checkEntry(key: string, entry: unknown, fail: (what: string) => never) {
  if (!isRecord(entry)) return fail(`'${key}' is not an object`);
  const { dtype, shape, data_offsets: offsets } = entry;
  if (!dtypes.includes(dtype as DType)) {
    throw new CheckpointError(
      `'${key}' has the type ${JSON.stringify(dtype)}; known are ${dtypes.join(', ')}. Convert it to one of them.`,
    );
  }
  if (!Array.isArray(shape) || !shape.every(isCount) || !isCount(elements(shape))) {
    return fail(`'${key}' has the shape ${JSON.stringify(shape)}`);
  }
  if (
    !Array.isArray(offsets) ||
    offsets.length !== 2 ||
    !offsets.every(isCount) ||
    offsets[0]! > offsets[1]!
  ) {
    return fail(`'${key}' has the offsets ${JSON.stringify(offsets)}`);
  }
  return { dtype: dtype as DType, shape: shape as number[], begin: offsets[0]!, end: offsets[1]! };
}

/** A tensor to write: its shape and its values in row-major order. */
export interface TensorToWrite {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Options of {@link encodeSafetensors}. */
export interface EncodeSafetensorsOptions {
  /** Type of the written elements; values are rounded to the nearest. Default `'F32'`. */
  readonly dtype?: 'F32' | 'F16' | 'BF16';
  /** Words to keep in the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** Every one of {@link EncodeSafetensorsOptions}. */
export const encodeSafetensorsOptionNames: OptionNames<EncodeSafetensorsOptions> = {
  dtype: true,
  metadata: true,
};

const encode: Record<'F32' | 'F16' | 'BF16', (values: Float32Array) => ArrayBufferView> = {
  F32: (values) => values,
  F16: float32ToFloat16,
  BF16: float32ToBfloat16,
};

/**
 * The bytes of a safetensors file with these tensors, in their order; the data begins at a multiple of 8. The metadata have a
 * sum of all that the file says, as `crc32`, which {@link decodeSafetensors} compares.
 * @throws CheckpointError where a shape does not fit its values, or a tensor has the name of the format's entry.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, TensorToWrite>,
  options: EncodeSafetensorsOptions = {},
): Uint8Array {
  checkOptions('encodeSafetensors', options, encodeSafetensorsOptionNames);
  const { dtype = 'F32', metadata } = options;
  checkOneOf('dtype', dtype, Object.keys(encode));
  let place = 0;
  const entries = Array.from(tensors, ([key, { shape, values }]) => {
    if (!shape.every(isCount) || elements(shape) !== values.length) {
      throw new CheckpointError(`'${key}' has ${values.length} values for the shape [${shape}].`);
    }
    if (key === METADATA)
      throw new CheckpointError(`A tensor cannot be called ${METADATA}; the format keeps that name.`);
    const begin = place;
    place += values.length * itemSize(dtype);
    return [key, { dtype, shape, data_offsets: [begin, place] }] as const;
  });
  const header = (sum: string) =>
    new TextEncoder().encode(
      JSON.stringify(Object.fromEntries([[METADATA, { ...metadata, [SUM]: sum }], ...entries])),
    );
  // Spaces after the JSON align the data, so that a reader can map it.
  const headerLength = Math.ceil(header(NO_SUM).length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + place);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.fill(0x20, 8, 8 + headerLength);
  let offset = 8 + headerLength;
  const written = new Map<string, HostTensor>();
  for (const [key, { shape, values }] of tensors) {
    const { buffer, byteOffset, byteLength } = encode[dtype](values);
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    written.set(key, new HostTensor(dtype, shape, bytes.subarray(offset, offset + byteLength)));
    offset += byteLength;
  }
  const sum = contentSum({ tensors: written, metadata: new Map(Object.entries(metadata ?? {})) });
  bytes.set(header(sum), 8);
  return bytes;
}
