/** Bytes that Node reads at once; it takes no 2 GiB. */
const AT_ONCE = 2 ** 30;

/** As `fs.read` of an open file. */
type Read = (
  buffer: Uint8Array,
  offset: number,
  length: number,
  position: number,
) => Promise<{ bytesRead: number }>;

/**
 * So many bytes of an open file, from a place on.
 * @throws Error where the file ends before.
 */
export async function readExactly(read: Read, length: number, position = 0): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await read(bytes, done, Math.min(AT_ONCE, length - done), position + done);
    if (bytesRead === 0) throw new Error('It became shorter while it was read.');
    done += bytesRead;
  }
  return bytes;
}
