import { fetchWeb } from '#fetch';
import { quoted } from './errors.js';
import { shownUrl } from './shown-url.js';
import { TransferError } from './transfer-error.js';

/** What is asked of a server. */
export interface Request {
  readonly url: string;
  /** Sent to the URL's origin alone, not to where it redirects to. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sent on. */
  readonly range: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** Default the platform's, by a proxy where the environment names one. */
  readonly fetch?: typeof fetchWeb;
}

/** What a server answered. */
export interface Answer {
  /** The one at the end of the redirects. */
  readonly response: Response;
  /** The hub's, on the way there, of the length and the SHA-256 of the file. */
  readonly linked: Headers | undefined;
}

const redirects = [301, 302, 303, 307, 308];
const MAX_REDIRECTS = 20;

/**
 * Asks a server and whom it redirects to. In browsers `fetch` does so unseen: it sends no authorization on either, but does
 * not show what the hub says on the way.
 * @throws TransferError where it leads nowhere; what `fetch` throws.
 */
export async function request({ url, headers, range, signal, fetch = fetchWeb }: Request): Promise<Answer> {
  const { origin } = new URL(url);
  const redirect = 'document' in globalThis || 'importScripts' in globalThis ? 'follow' : 'manual';
  const originHeaders = { ...authorization(url), ...headers };
  let linked: Headers | undefined;
  let isOrigin = true;
  let at = url;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    // A host that was redirected to gets no headers, nor does any after it.
    isOrigin &&= new URL(at).origin === origin;
    // The length of compressed bytes would be another, and they could not be continued.
    const sent = { 'accept-encoding': 'identity', ...(isOrigin && originHeaders), ...range };
    const response = await fetch(withoutUser(at), { headers: sent, redirect, signal });
    if (isOrigin && response.headers.has('x-linked-etag')) linked ??= response.headers;
    if (!redirects.includes(response.status)) return { response, linked };
    await response.body?.cancel();
    at = redirected(at, response.headers.get('location') ?? '');
  }
  throw new TransferError(`it redirects more than ${MAX_REDIRECTS} times`, 0);
}

/** What the user and password of a URL are sent as; `fetch` takes no URL with them. */
function authorization(url: string): Record<string, string> {
  const { username, password } = new URL(url);
  if (username === '' && password === '') return {};
  const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const bytes = new TextEncoder().encode(text);
  return { authorization: `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

function withoutUser(address: string): string {
  const url = new URL(address);
  url.username = '';
  url.password = '';
  return url.href;
}

function redirected(from: string, location: string): string {
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  const shown = quoted(shownUrl(location));
  if (location === '' || !to || !/^https?:$/.test(to.protocol)) {
    throw new TransferError(`it redirects to ${shown}, which is no address of the web`, 0);
  }
  if (from.startsWith('https:') && to.protocol === 'http:') {
    throw new TransferError(
      `it redirects from https to ${shown}, which anyone on the way could change; give that address if you trust it`,
      0,
    );
  }
  return to.href;
}
