import { request, TransferError } from './request.js';
import { checkSha256 } from './sha256.js';
import { MemoryStore, type Store } from './store.js';

/** Options of {@link download}. */
export interface DownloadOptions {
  /** Sent to the URL's own origin alone, not to where it redirects to. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the bytes are collected; what an earlier download left there is continued. Default in memory. */
  readonly store?: Store;
  /** The sum that the file must have, in hexadecimal digits, of which the first eight are enough. Default any. */
  readonly sha256?: string;
  /** Told of the bytes that have come, and of the length of all, where the server names it. */
  readonly onProgress?: (received: number, total: number | undefined) => void;
  /** How often a transfer that breaks is continued. Default 4. */
  readonly retries?: number;
  /** Time without a byte after which a transfer counts as broken, in milliseconds. Default 30,000. */
  readonly stallTime?: number;
  /** Time before the first retry, in milliseconds; it doubles. Default 500. */
  readonly retryTime?: number;
}

/** What servers say of the whole file. */
interface Expected {
  readonly length: number | undefined;
  readonly sha256: string | undefined;
}

/** Node's codes of what another try soon would not mend: no such host, no network, no server. */
const noServer = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETUNREACH'];

/**
 * The bytes of an http or https URL. A transfer that breaks off, stalls or meets an error of the server is tried again and
 * goes on where it stopped, if the server has the same version still (Range and If-Range with a strong ETag). The length
 * that the server names is checked, and the SHA-256 where it is given or, outside of browsers, the Hugging Face hub names it.
 * @throws Error that names the URL and the reason; what the store and `onProgress` throw, as it is.
 */
export async function download(url: string, options: DownloadOptions = {}): Promise<Uint8Array> {
  const { store = new MemoryStore(), retries = 4, retryTime = 500 } = options;
  for (let attempt = 0; ; attempt++) {
    try {
      const { sha256 } = await receive(url, store, options);
      return await checked(url, store, [options.sha256, sha256]);
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      if (!error.final && attempt < retries) {
        await new Promise((resolve) => setTimeout(resolve, retryTime * 2 ** attempt));
        continue;
      }
      const tries = attempt > 0 ? `, after ${attempt + 1} attempts` : '';
      throw new Error(`${url} cannot be fetched${tries}: ${error.message}.`, { cause: error });
    }
  }
}

/** The store's bytes, which it loses where they are not the right ones. */
async function checked(url: string, store: Store, sums: (string | undefined)[]): Promise<Uint8Array> {
  const bytes = await store.bytes();
  try {
    for (const sha256 of sums) if (sha256 !== undefined) await checkSha256(bytes, sha256, url);
  } catch (error) {
    await store.restart();
    throw error;
  }
  return bytes;
}

/** Tries once to get into the store what it has not. */
async function receive(url: string, store: Store, options: DownloadOptions): Promise<Expected> {
  const { headers = {}, stallTime = 30_000, onProgress } = options;
  if (store.etag === undefined) await store.restart();
  const range: Record<string, string> =
    store.received > 0 ? { range: `bytes=${store.received}-`, 'if-range': store.etag! } : {};
  const abort = new AbortController();
  const { signal } = abort;
  try {
    const { response, linked } = await arrival(request({ url, headers, range, signal }), abort, stallTime);
    const expected = await checkResponse(response, linked, store);
    const { length } = expected;
    onProgress?.(store.received, length);
    const reader = response.body?.getReader();
    for (let part; reader && !(part = await arrival(reader.read(), abort, stallTime)).done;) {
      await store.append(part.value);
      if (length !== undefined && store.received > length) break;
      onProgress?.(store.received, length);
    }
    const { received } = store;
    if (length !== undefined && received !== length) {
      if (received > length) await store.restart();
      throw new TransferError(`${received} bytes came of ${length}`, false);
    }
    return expected;
  } finally {
    abort.abort();
  }
}

/** Waits for the network, but not longer than `stallTime`. */
async function arrival<T>(waiting: Promise<T>, abort: AbortController, stallTime: number): Promise<T> {
  const timer = setTimeout(() => abort.abort(), stallTime);
  try {
    return await waiting;
  } catch (error) {
    if (error instanceof TransferError) throw error;
    if (abort.signal.aborted) {
      throw new TransferError(`nothing came for ${stallTime} ms`, false, { cause: error });
    }
    // fetch's own failures: no connection, or one that broke. Node says why in the cause.
    const { message, cause } = error as Error;
    const { message: reason, code = '' } = (cause ?? {}) as { message?: string; code?: string };
    throw new TransferError(reason || code || message, noServer.includes(code), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/** What is to come, of an answer that has it. A whole answer to a request for the rest starts anew. */
async function checkResponse(
  { status, headers }: Response,
  linked: Headers | undefined,
  store: Store,
): Promise<Expected> {
  const linkedLength = count(linked?.get('x-linked-size'));
  // Of a file that the hub has in LFS; others have a sum of git's there.
  const sha256 = /^"?([0-9a-f]{64})"?$/i.exec(linked?.get('x-linked-etag') ?? '')?.[1];
  if (status === 206) {
    const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '');
    const sameVersion = (headers.get('etag') ?? store.etag) === store.etag;
    if (Number(match?.[1]) !== store.received || store.received === 0 || !sameVersion) {
      await store.restart();
      throw new TransferError('the server sent another range than the one that was asked for', false);
    }
    return { length: linkedLength ?? Number(match![2]), sha256 };
  }
  if (status === 416) await store.restart();
  if (status === 416 || status === 429 || status >= 500) {
    throw new TransferError(`the server answered ${status}`, false);
  }
  if (status === 401 || status === 403) {
    const advice = 'what is not public on the hub takes a token (HF_TOKEN)';
    throw new TransferError(`the server answered ${status}; ${advice}`, true);
  }
  if (status !== 200) throw new TransferError(`the server answered ${status}`, true);
  // What fetch decodes has another length, and no place in it is one of the compressed bytes.
  const encoded = headers.has('content-encoding');
  const etag = encoded ? null : headers.get('etag');
  await store.restart(etag?.startsWith('"') ? etag : undefined);
  return { length: linkedLength ?? (encoded ? undefined : count(headers.get('content-length'))), sha256 };
}

/** The number of a header. */
function count(text: string | null | undefined): number | undefined {
  return text && /^\d+$/.test(text) ? Number(text) : undefined;
}
