import { crc32 } from '../../core/crc32.js';
import { CheckpointError } from './checkpoint.js';

const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;
const END = 0x06054b50;
const END64 = 0x06064b50;
const LOCATOR64 = 0x07064b50;

/** Whether the bytes begin as zip archives do. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4;
}

/** Gives a part of an archive: a view on its bytes. */
export type ZipPart = () => Uint8Array;

/**
 * The parts of a zip archive by name: PyTorch and Keras store them uncompressed, and a copy would double the memory of a
 * checkpoint. Nothing is ever unpacked, so that no archive takes more memory than it has bytes: a part that is compressed or
 * encrypted throws when it is asked for. So does one that has not its CRC-32; one of 0 says nothing: PyTorch writes that after
 * `torch.serialization.set_crc32_options(False)`. Source: PKWARE's APPNOTE.TXT, sections 4.3 and 4.5.3 (zip64).
 * @throws CheckpointError where the archive is damaged, or a part is there twice.
 */
export function readStoredZip(bytes: Uint8Array): Map<string, ZipPart> {
  const fail = (what: string): never => {
    throw new CheckpointError(`This file is a damaged zip archive: ${what}. Fetch or save it again.`);
  };
  const record = (place: number, length: number, signature: number): DataView => {
    if (place < 0 || place + length > bytes.length) fail(`a record at byte ${place} of ${bytes.length}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset + place, length);
    return view.getUint32(0, true) === signature
      ? view
      : fail(`no record at byte ${place}, where one should be`);
  };
  const range = (place: number, length: number): Uint8Array =>
    place + length <= bytes.length
      ? bytes.subarray(place, place + length)
      : fail(`${length} bytes at byte ${place} of ${bytes.length}`);

  const { count, start } = directory(bytes, record, fail);
  const parts = new Map<string, ZipPart>();
  let place = start;
  for (let i = 0; i < count; i++) {
    const entry = record(place, 46, ENTRY);
    const nameLength = entry.getUint16(28, true);
    const extraLength = entry.getUint16(30, true);
    const name = new TextDecoder().decode(range(place + 46, nameLength));
    const { stored, size, header } = sizes(entry, range(place + 46 + nameLength, extraLength));
    if (parts.has(name)) fail(`'${name}' is in it twice`);
    const local = record(header, 30, LOCAL);
    const begin = header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
    const isStored = entry.getUint16(10, true) === 0 && stored === size;
    const isEncrypted = (entry.getUint16(8, true) & 1) !== 0;
    const part = range(begin, stored);
    const sum = entry.getUint32(16, true);
    parts.set(name, () => {
      if (!isStored || isEncrypted) refuse(name, isEncrypted);
      if (sum !== 0 && crc32(part) !== sum) fail(`'${name}' does not have the CRC-32 that it should`);
      return part;
    });
    place += 46 + nameLength + extraLength + entry.getUint16(32, true);
  }
  return parts;
}

function refuse(name: string, isEncrypted: boolean): never {
  if (isEncrypted) throw new CheckpointError(`'${name}' of this zip archive is encrypted.`);
  throw new CheckpointError(
    `'${name}' of this zip archive is compressed, as torch.save and Keras never write it. Unpack the archive, and pack it ` +
      'again without compression (zip -0 -r).',
  );
}

type ReadRecord = (place: number, length: number, signature: number) => DataView;

/** Where the central directory starts, and the count of its entries. */
function directory(bytes: Uint8Array, record: ReadRecord, fail: (what: string) => never) {
  // A comment of up to 65,535 bytes may follow the last record, of 22.
  let place = bytes.length - 22;
  const signature = [0x50, 0x4b, 5, 6];
  while (!signature.every((byte, i) => bytes[place + i] === byte)) {
    if (place-- <= Math.max(0, bytes.length - 22 - 0xffff)) fail('it has no end, so it is cut short');
  }
  const end = record(place, 22, END);
  if (place < 20 || bytes[place - 20] !== 0x50 || bytes[place - 19] !== 0x4b || bytes[place - 18] !== 6) {
    return { count: end.getUint16(10, true), start: end.getUint32(16, true) };
  }
  const end64 = record(uint64(record(place - 20, 20, LOCATOR64), 8), 56, END64);
  return { count: uint64(end64, 32), start: uint64(end64, 48) };
}

/** Sizes and place of an entry; those that do not fit 32 bits stand in its extra field 1, in this order. */
function sizes(entry: DataView, extra: Uint8Array) {
  const fields = new DataView(extra.buffer, extra.byteOffset, extra.byteLength);
  let wide = 0;
  while (wide + 4 <= extra.length && fields.getUint16(wide, true) !== 1)
    wide += 4 + fields.getUint16(wide + 2, true);
  wide += 4;
  const take = (narrow: number): number => {
    if (narrow !== 0xffffffff || wide + 8 > extra.length) return narrow;
    wide += 8;
    return uint64(fields, wide - 8);
  };
  const size = take(entry.getUint32(24, true));
  const stored = take(entry.getUint32(20, true));
  const header = take(entry.getUint32(42, true));
  return { stored, size, header };
}

function uint64(view: DataView, place: number): number {
  return Number(view.getBigUint64(place, true));
}
