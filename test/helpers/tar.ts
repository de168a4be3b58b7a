/** An entry of a tar archive; what is not given is as a plain file has it. */
export interface TarEntry {
  readonly name: string;
  readonly data?: Uint8Array | string;
  /** Default `0`, a file. */
  readonly type?: string;
  readonly link?: string;
  /** The 12 bytes of the size's field. Default the octal number of bytes. */
  readonly size?: string;
  /** POSIX's folder of a long name. */
  readonly prefix?: string;
  /** Whether the checksum is right. Default true. */
  readonly isWhole?: boolean;
}

/** A tar archive as POSIX 1003.1 describes it, or a damaged one. */
export function tarOf(entries: readonly TarEntry[], { end = 1024 } = {}): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.concat([...entries.flatMap(blocksOf), Buffer.alloc(end)]));
}

/** The record of a pax header. */
export function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + String(rest).length;
  length = rest + String(length).length;
  return `${length} ${key}=${value}\n`;
}

function blocksOf(entry: TarEntry): Buffer[] {
  const { name, data = '', type = '0', link = '', prefix = '', isWhole = true } = entry;
  const bytes = Buffer.from(data as string);
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, 'utf8');
  header.write('0000644\0', 100);
  header.write(entry.size ?? `${bytes.length.toString(8).padStart(11, '0')}\0`, 124, 12, 'latin1');
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(type, 156);
  header.write(link, 157, 100);
  header.write('ustar\0' + '00', 257);
  header.write(prefix, 345, 155);
  const sum = header.reduce((a, b) => a + b, isWhole ? 0 : 1);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
}
