import { createStore, del, get, set, type UseStore } from 'idb-keyval';
import { check } from '../../core/errors.js';

const SCHEME = 'indexeddb://';

/** Whether this is the address of weights in IndexedDB. */
export function isIndexedDb(address: string): boolean {
  return address.startsWith(SCHEME);
}

/**
 * Keeps a file of weights in the browser's IndexedDB, where `load` finds it by the same address. What was
 * there by that name is replaced.
 * @param address - `indexeddb://` and a name of your choice, such as `indexeddb://flowers`.
 * @param bytes - Of the file, such as `encode` gives.
 * @throws ArgumentError where the address is of another form.
 * @throws Error outside of browsers, and where the browser has no room.
 */
export async function storeWeights(address: string, bytes: Uint8Array): Promise<void> {
  // The browser would keep all of the buffer that the bytes are a part of.
  await set(nameIn(address), bytes.slice(), store());
}

/**
 * Removes what {@link storeWeights} kept, if it is there.
 * @throws ArgumentError where the address is of another form.
 * @throws Error outside of browsers.
 */
export async function removeWeights(address: string): Promise<void> {
  await del(nameIn(address), store());
}

/**
 * The bytes that {@link storeWeights} kept.
 * @throws Error where there are none by this name; outside of browsers.
 */
export async function readIndexedDb(address: string): Promise<Uint8Array> {
  const bytes = await get<Uint8Array>(nameIn(address), store());
  if (bytes) return bytes;
  const message = `Nothing is kept at ${address}; keep weights there by storeWeights('${address}', bytes).`;
  // As of a file that is not there.
  throw Object.assign(new Error(message), { code: 'ENOENT' });
}

function nameIn(address: string): string {
  check(
    isIndexedDb(address) && address.length > SCHEME.length,
    () => `'${address}' is no place in IndexedDB; give ${SCHEME} and a name.`,
  );
  return address.slice(SCHEME.length);
}

let opened: UseStore | undefined;

function store(): UseStore {
  if (!('indexedDB' in globalThis)) {
    throw new Error(`IndexedDB is in browsers only; keep weights in a file here.`);
  }
  return (opened ??= createStore('skipscale', 'weights'));
}
