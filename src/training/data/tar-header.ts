/** Bytes of a header, and of the unit that files are filled up to. */
export const BLOCK = 512;

/** What a header of a tar archive says. */
export interface TarHeader {
  readonly name: string;
  /** Bytes after the header; NaN or negative where the field says nothing that can be. */
  readonly size: number;
  /** A character: 0 is a file, 5 a folder, 1 and 2 are links. */
  readonly type: string;
  /** What a link leads to. */
  readonly link: string;
}

/**
 * Reads a header: POSIX 1003.1 (ustar, pax), GNU's, or of the time before.
 * @returns undefined where its checksum is wrong, so that it is none.
 */
export function parseHeader(block: Uint8Array): TarHeader | undefined {
  const field = (start: number, length: number) => block.subarray(start, start + length);
  if (numberIn(field(148, 8)) !== checksum(block)) return undefined;
  const name = textIn(field(0, 100));
  // GNU has dates in the place of the prefix, and two spaces after `ustar`.
  const isPosix = textIn(field(257, 6)) === 'ustar';
  const prefix = isPosix ? textIn(field(345, 155)) : '';
  return {
    name: prefix ? `${prefix}/${name}` : name,
    size: numberIn(field(124, 12)),
    type: textIn(field(156, 1)) || '0',
    link: textIn(field(157, 100)),
  };
}

/** The text up to the first zero, as UTF-8, or where it is none as Latin-1. */
export function textIn(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  const text = end < 0 ? bytes : bytes.subarray(0, end);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(text);
  } catch {
    return new TextDecoder('latin1').decode(text);
  }
}

/**
 * The records of a pax header, `17 path=cat/1.jpg` and a line's end each.
 * @returns undefined where they are damaged.
 */
export function parsePax(bytes: Uint8Array): Map<string, string> | undefined {
  const records = new Map<string, string>();
  for (let start = 0; start < bytes.length && bytes[start] !== 0;) {
    const space = bytes.indexOf(0x20, start);
    const length = Number(textIn(bytes.subarray(start, space)));
    const end = start + length;
    if (space < start || !(length > space - start) || end > bytes.length || bytes[end - 1] !== 0x0a)
      return undefined;
    const record = textIn(bytes.subarray(space + 1, end - 1));
    const equals = record.indexOf('=');
    records.set(record.slice(0, equals), record.slice(equals + 1));
    start = end;
  }
  return records;
}

/** Octal digits, or where the first bit is set a number of 256s; NaN where it is neither. */
function numberIn(bytes: Uint8Array): number {
  const [first = 0] = bytes;
  if (first >= 0x80) {
    if (first !== 0x80) return first === 0xff ? -1 : NaN;
    return bytes.subarray(1).reduce((sum, byte) => 256 * sum + byte, 0);
  }
  const digits = textIn(bytes).trim();
  return /^[0-7]*$/.test(digits) ? parseInt(digits || '0', 8) : NaN;
}

/** The sum of the bytes of a header, those of the checksum itself counted as spaces. */
function checksum(block: Uint8Array): number {
  return block.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
}
