import { check } from './errors.js';

/**
 * Throws unless this is a SHA-256 in hexadecimal digits, or the first eight or more of them, as torchvision's file names
 * have them.
 * @throws ArgumentError
 */
export function checkDigits(sha256: string): void {
  check(
    /^[0-9a-f]{8,64}$/i.test(sha256),
    () => `sha256 is '${sha256}'; give the 64 hexadecimal digits, or at least the first 8.`,
  );
}

/**
 * Throws unless bytes have a SHA-256 that begins with these digits.
 * @param name - What the bytes are, for the error.
 * @throws Error that names both; also in browsers where the page is not secure, and nothing can be checked.
 */
export async function checkSha256(bytes: Uint8Array, digits: string, name: string): Promise<void> {
  const found = await sha256(bytes);
  if (found.startsWith(digits.toLowerCase())) return;
  throw new Error(
    `${name} has the SHA-256 ${found} and not ${digits}: it is damaged, or another file. ` +
      'Fetch or save it again, or correct the sum.',
  );
}

async function sha256(bytes: Uint8Array): Promise<string> {
  const { process, crypto } = globalThis as {
    process?: { getBuiltinModule?: (name: string) => typeof import('node:crypto') };
    crypto?: { subtle?: SubtleCrypto };
  };
  // Unlike the web's, Node's makes no copy of the bytes.
  const node = process?.getBuiltinModule?.('node:crypto');
  if (node) return node.createHash('sha256').update(bytes).digest('hex');
  if (!crypto?.subtle) {
    throw new Error('Browsers compute a SHA-256 on secure pages only; serve this one over https.');
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
