import { quoted } from '../../core/errors.js';
import { shownUrl } from '../../core/shown-url.js';

/** Whether files may be next to this one: next to what a data or blob URL holds, there are none. */
export function hasSiblings(source: string | URL): boolean {
  return !/^(data|blob):/i.test(String(source));
}

/**
 * The path or URL of a file next to another one, or in a folder below it. User, password and query of a URL, which may be what lets
 * one in, stay.
 * @param name - Its path from there, as an index has it: also `./shards/a.bin`, and with `%20` for a space.
 * @throws Error where the name could lead out of the folder.
 */
export function sibling(source: string | URL, name: string): string {
  const folders = plainPath(name);
  if (!folders) {
    throw new Error(
      `${quoted(name)} is not the name of a file next to ${shownUrl(source)}, nor of one in a folder there.`,
    );
  }
  const text = String(source);
  if (!/^[a-z]+:\/\//i.test(text)) return text.replace(/[^/\\]*$/, () => folders.join('/'));
  const { search } = new URL(text);
  return new URL(folders.map(encodeURIComponent).join('/') + search, text).href;
}

/** The folders and the name of a relative path; undefined where there are others than plain ones. */
function plainPath(name: string): string[] | undefined {
  try {
    const path = decodeURIComponent(name)
      .replace(/^(\.\/)+/, '')
      .split('/');
    // eslint-disable-next-line no-control-regex
    return path.every((part) => /^[^.\s\x00-\x1f\\:*?"<>|#][^\x00-\x1f\\:*?"<>|#]*$/.test(part))
      ? path
      : undefined;
  } catch {
    return undefined; // No such letter as a %xx says.
  }
}
