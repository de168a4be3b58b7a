/** The CRC of bytes; `before` is that of what comes before them, by default nothing. */
export type Crc = (bytes: Uint8Array, before?: number) => number;

/**
 * The CRC of 32 bits by a polynomial, whose bits begin and end inverted.
 * @param polynomial - Its bits reversed.
 */
export function crcBy(polynomial: number): Crc {
  /** The remainders of every byte. */
  const remainders = Uint32Array.from({ length: 256 }, (_, byte) => {
    let remainder = byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? polynomial : 0);
    return remainder;
  });
  const withByte = (crc: number, byte: number) => remainders[(crc ^ byte) & 0xff]! ^ (crc >>> 8);
  // The same of a byte that one, two and three zeros follow, so that four bytes are taken at a time.
  const then1 = remainders.map((crc) => withByte(crc, 0));
  const then2 = then1.map((crc) => withByte(crc, 0));
  const then3 = then2.map((crc) => withByte(crc, 0));

  return (bytes, before = 0) => {
    const { buffer, byteOffset, length } = bytes;
    let crc = ~before;
    let place = 0;
    const takeUntil = (end: number) => {
      for (; place < end; place++) crc = withByte(crc, bytes[place]!);
    };
    takeUntil(Math.min(length, -byteOffset & 3));
    // A short one may not come to a word.
    const words =
      place < length
        ? new Uint32Array(buffer, byteOffset + place, (length - place) >>> 2)
        : new Uint32Array(0);
    for (let i = 0; i < words.length; i++) {
      crc ^= words[i]!;
      crc =
        then3[crc & 0xff]! ^
        then2[(crc >>> 8) & 0xff]! ^
        then1[(crc >>> 16) & 0xff]! ^
        remainders[crc >>> 24]!;
    }
    place += 4 * words.length;
    takeUntil(length);
    return ~crc >>> 0;
  };
}
