/** Spreads bytes so that all are about as frequent, as OpenCV's equalizeHist. */
export function equalized(bytes: Uint8Array): Float32Array {
  const counts = new Int32Array(256);
  for (let i = 0; i < bytes.length; i++) counts[bytes[i]!]!++;
  const first = counts.findIndex((count) => count > 0);
  const others = bytes.length - counts[first]!;
  if (others === 0) return Float32Array.from(bytes);
  let sum = 0;
  const table = Float32Array.from(counts, (count, value) =>
    value <= first ? 0 : Math.round((sum += count) * (255 / others)),
  );
  const out = new Float32Array(bytes.length);
  for (let i = 0; i < out.length; i++) out[i] = table[bytes[i]!]!;
  return out;
}
