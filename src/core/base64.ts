/** The bytes that base64 text stands for; of text that this package holds, so that nothing is checked. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const characters = atob(text);
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}

/** Bytes as base64 text. */
export function encodeBase64(bytes: Uint8Array): string {
  const CHUNK = 2 ** 13; // Few enough to be arguments.
  let characters = '';
  for (let i = 0; i < bytes.length; i += CHUNK) {
    characters += String.fromCharCode(...bytes.subarray(i, i + CHUNK));
  }
  return btoa(characters);
}
