/** A copy of byte arrays, one after the other. */
export function concatenate(parts: readonly (Uint8Array | Uint8ClampedArray)[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let place = 0;
  for (const part of parts) {
    bytes.set(part, place);
    place += part.length;
  }
  return bytes;
}
