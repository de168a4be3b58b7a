import { shownUrl } from '../core/shown-url.js';

/** Whether files may be beside this one: beside what a data or blob URL or IndexedDB holds, there are none. */
export function hasSiblings(source: string | URL): boolean {
  return !/^(data|blob|indexeddb):/i.test(String(source));
}

/**
 * The path or URL of a file beside another one. User, password and query of a URL, which may be what lets one in, stay.
 * @throws Error where the name is not a plain file name, which could lead out of the folder.
 */
export function sibling(source: string | URL, name: string): string {
  if (!/^[\w][\w.+-]*$/.test(name)) {
    throw new Error(`'${name.slice(0, 100)}' is not the name of a file beside ${shownUrl(source)}.`);
  }
  const text = String(source);
  if (!/^[a-z]+:\/\//i.test(text)) return text.replace(/[^/\\]*$/, name);
  const { search } = new URL(text);
  return new URL(name + search, text).href;
}
