/**
 * The path or URL of a file beside another one. A URL's query is dropped.
 * @throws Error where the name is not a plain file name, which could lead out of the folder.
 */
export function sibling(source: string | URL, name: string): string {
  if (!/^[\w][\w.+-]*$/.test(name)) {
    throw new Error(`'${name.slice(0, 100)}' is not the name of a file beside ${String(source)}.`);
  }
  const text = String(source);
  if (/^[a-z]+:\/\//i.test(text)) return new URL(name, text).href;
  return text.replace(/[^/\\]*$/, name);
}
