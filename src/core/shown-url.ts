/** The begin of a data URL, which has all of the file in it, in messages. */
const DATA_SHOWN = 200;

/**
 * A path or URL as messages show it: of a URL without user and password, and without the values of its query, which may be
 * keys; of a data URL the begin.
 */
export function shownUrl(source: string | URL): string {
  const text = String(source);
  if (/^data:/i.test(text) && text.length > DATA_SHOWN) return `${text.slice(0, DATA_SHOWN)}…`;
  // One letter is a drive of Windows.
  if (!/^[a-z][\w+.-]+:/i.test(text)) return text;
  const [address, query] = text.replace(/#.*/s, '').split(/\?(.*)/s);
  const open = address!.replace(/^([^:]+:(?:\/\/)?)[^/]*@/, '$1');
  if (query === undefined) return open;
  const hidden = query.split('&').map((part) => (part.includes('=') ? part.replace(/=.*/s, '=…') : '…'));
  return `${open}?${hidden.join('&')}`;
}
