import fc from 'fast-check';
import { zipSync } from 'fflate';
import { CheckpointError } from '../../../src/weights/formats/checkpoint.js';
import { readStoredZip } from '../../../src/weights/formats/zip.js';

/** Every part of an archive by name. */
function contents(bytes: Uint8Array): Record<string, Uint8Array> {
  return Object.fromEntries(Array.from(readStoredZip(bytes), ([name, part]) => [name, part()]));
}

const name = fc.string({ minLength: 1 }).filter((text) => text !== '__proto__');

test('parts that fflate stored are read as they were, as views', () => {
  fc.assert(
    fc.property(fc.dictionary(name, fc.uint8Array()), (parts) => {
      const bytes = zipSync(parts, { level: 0 });
      const read = contents(bytes);
      expect(read).toEqual({ ...parts });
      for (const part of Object.values(read)) expect(part.buffer).toBe(bytes.buffer);
    }),
  );
});

test('a comment after the archive is passed over', () => {
  const bytes = zipSync({ a: Uint8Array.of(1) }, { level: 0 });
  const comment = new Uint8Array(300).fill(0x41);
  expect(contents(Uint8Array.of(...bytes, ...comment))).toEqual({ a: Uint8Array.of(1) });
});

/** An archive of a.txt and b.txt with one byte of the first central entry changed. */
function changed(offset: number, value: number): Uint8Array {
  const bytes = zipSync({ 'a.txt': Uint8Array.of(1), 'b.txt': Uint8Array.of(2) }, { level: 0 });
  const start = new DataView(bytes.buffer).getUint32(bytes.length - 22 + 16, true);
  bytes[start + offset] = value;
  return bytes;
}

test.each<[string, Uint8Array, RegExp]>([
  [
    'a compressed part',
    zipSync({ 'a.txt': new Uint8Array(100) }),
    /'a.txt' of this zip archive is compressed/,
  ],
  ['an encrypted part', changed(8, 1), /'a.txt' of this zip archive is encrypted/],
  ['a size that differs from the stored one', changed(24, 9), /'a.txt' of this zip archive is compressed/],
  ['a part beyond the file', changed(43, 0x70), /record at byte 28672 of/],
  ['a name twice', changed(46, 'b'.charCodeAt(0)), /'b.txt' is in it twice/],
  ['a directory that is none', changed(0, 0), /no record at byte/],
  ['nothing', new Uint8Array(0), /no end/],
  ['a beginning', zipSync({ a: new Uint8Array(9) }).subarray(0, 40), /no end/],
])('refuses %s', (_, bytes, message) => {
  expect(() => contents(bytes)).toThrow(CheckpointError);
  expect(() => contents(bytes)).toThrow(message);
});

test('a part whose bytes are not those of its CRC-32 is refused when it is asked for, and no other', () => {
  const bytes = zipSync({ a: new Uint8Array(100), b: Uint8Array.of(2) }, { level: 0 });
  bytes[30 + 1 + 50]! ^= 1;
  const parts = readStoredZip(bytes);
  expect(parts.get('b')!()).toEqual(Uint8Array.of(2));
  expect(() => parts.get('a')!()).toThrow(CheckpointError);
  expect(() => parts.get('a')!()).toThrow(
    "This file is a damaged zip archive: 'a' does not have the CRC-32 that it should. Fetch or save it again.",
  );
});

test('a CRC-32 of 0 says nothing, as after set_crc32_options(False) of PyTorch', () => {
  const bytes = zipSync({ a: Uint8Array.of(1) }, { level: 0 });
  const view = new DataView(bytes.buffer);
  const start = view.getUint32(bytes.length - 22 + 16, true);
  view.setUint32(start + 16, 0);
  expect(contents(bytes)).toEqual({ a: Uint8Array.of(1) });
});

test('a zip64 directory that claims more entries than the file can have ends at once', () => {
  const bytes = new Uint8Array(56 + 20 + 22);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x06064b50, true);
  view.setUint32(32, 0xffffffff, true);
  view.setUint32(48, bytes.length, true);
  view.setUint32(56, 0x07064b50, true);
  view.setUint32(76, 0x06054b50, true);
  expect(() => readStoredZip(bytes)).toThrow(/record at byte 98 of 98/);
});

test('sizes and a place that stand in the zip64 field of an entry', () => {
  const small = zipSync({ a: Uint8Array.of(1, 2, 3) }, { level: 0 });
  const start = new DataView(small.buffer).getUint32(small.length - 22 + 16, true);
  // Another field comes first; then the three numbers that the entry itself gives as 2^32 - 1.
  const extra = new DataView(new ArrayBuffer(6 + 4 + 24));
  extra.setUint16(0, 0x5455, true);
  extra.setUint16(2, 2, true);
  extra.setUint16(6, 1, true);
  extra.setUint16(8, 24, true);
  extra.setBigUint64(10, 3n, true);
  extra.setBigUint64(18, 3n, true);
  const entry = small.slice(start, start + 47);
  const view = new DataView(entry.buffer);
  for (const place of [20, 24, 42]) view.setUint32(place, 0xffffffff, true);
  view.setUint16(30, extra.byteLength, true);
  const bytes = Uint8Array.of(
    ...small.subarray(0, start),
    ...entry,
    ...new Uint8Array(extra.buffer),
    ...small.subarray(-22),
  );
  expect(contents(bytes)).toEqual({ a: Uint8Array.of(1, 2, 3) });
});
