import type { fetchWeb } from '#fetch';
import { isHtml } from './html.js';
import { networkFailure } from './network-failure.js';
import { request } from './request.js';
import { checkSha256 } from './sha256.js';
import { shownUrl } from './shown-url.js';
import { MemoryStore, type Store } from './store.js';
import { TransferError } from './transfer-error.js';
import { transferLimits, type TransferLimits } from './transfer-limits.js';
import { TransferWatch } from './transfer-watch.js';

/** Options of {@link download}. */
export interface DownloadOptions extends TransferLimits {
  /** Sent to the URL's origin alone, not to where it redirects to. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Where the bytes are collected; what an earlier download left there is continued. Default in memory. */
  readonly store?: Store;
  /** The sum that the file must have, in hexadecimal digits, of which the first eight are enough. Default any. */
  readonly sha256?: string;
  /** Called with the number of bytes that have come, and the length of all, where the server names it. */
  readonly onProgress?: (received: number, total: number | undefined) => void;
  /** Looks at the first bytes as soon as they come, and throws where they are of no file that is wanted. */
  readonly checkHead?: (bytes: Uint8Array) => void;
  /** What asks the servers. Default the platform's `fetch`, by a proxy where the environment names one. */
  readonly fetch?: typeof fetchWeb;
}

/** What servers say of the whole file. */
interface Expected {
  readonly length: number | undefined;
  /** Where the server compressed the bytes: as many as they may be of, and what is wrong where they are more. */
  readonly unpacked?: { readonly most: number; readonly fault: string };
  readonly sha256: string | undefined;
}

/** No file of weights, image or JSON shrinks to less than a hundredth; what does is made to fill the memory. */
const MOST_COMPRESSION = 100;
const BOMB = `it unpacks to more than ${MOST_COMPRESSION} times the bytes that the server sent`;

/** Of bytes whose compressed length the server does not say, so that they have no ratio: 64 MiB. */
const MOST_UNSAID = 2 ** 26;
const UNSAID =
  `the server compressed it, unasked and without a Content-Length, and it unpacks to more than ${MOST_UNSAID} bytes; ` +
  'let the server send it uncompressed';

/**
 * The bytes of an http or https URL. A transfer that breaks off, stalls, crawls or meets an error of the server is tried again
 * and goes on where it stopped, if the server has the same version still (Range and If-Range with a strong ETag). The length
 * that the server names is checked, and the SHA-256 where it is given or, outside of browsers, the Hugging Face hub names it.
 * A page of HTML is refused, and an empty file.
 * @throws ArgumentError where a limit is none.
 * @throws Error that names the URL, without what may be secret of it, and the reason; what the store and `onProgress` throw,
 * as it is.
 */
export async function download(url: string, options: DownloadOptions = {}): Promise<Uint8Array> {
  const limits = transferLimits(options);
  const { store = new MemoryStore() } = options;
  const end = performance.now() + limits.maxTime;
  for (let attempt = 0; ; attempt++) {
    const watch = new TransferWatch(limits, end - performance.now());
    try {
      const { sha256 } = await receive(url, store, options, limits, watch);
      return await checked(url, store, [options.sha256, sha256]);
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      const pause = limits.retryTime * 2 ** attempt;
      if (attempt < Math.min(limits.retries, error.tries) && performance.now() + pause < end) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        continue;
      }
      const tries = attempt > 0 ? `, after ${attempt + 1} attempts` : '';
      throw new Error(`${shownUrl(url)} cannot be fetched${tries}: ${error.message}.`, { cause: error });
    } finally {
      watch.close();
    }
  }
}

/** The store's bytes, which it loses where they are not the right ones. */
async function checked(url: string, store: Store, sums: (string | undefined)[]): Promise<Uint8Array> {
  const bytes = await store.bytes();
  try {
    checkNoHtml(bytes);
    for (const sha256 of sums) if (sha256 !== undefined) await checkSha256(bytes, sha256, shownUrl(url));
  } catch (error) {
    await store.restart();
    throw error;
  }
  return bytes;
}

/** Tries once to get into the store what it has not. */
async function receive(
  url: string,
  store: Store,
  { headers = {}, onProgress, checkHead, fetch }: DownloadOptions,
  { maxBytes }: Required<TransferLimits>,
  watch: TransferWatch,
): Promise<Expected> {
  if (store.etag === undefined) await store.restart();
  const range: Record<string, string> =
    store.received > 0 ? { range: `bytes=${store.received}-`, 'if-range': store.etag! } : {};
  const arrival = <T>(waiting: Promise<T>) =>
    watch.wait(waiting).catch((error: unknown) => {
      throw networkFailure(error, store.received);
    });
  const { response, linked } = await arrival(request({ url, headers, range, signal: watch.signal, fetch }));
  const expected = await checkResponse(response, linked, store);
  const { length, unpacked } = expected;
  if ((length ?? 0) > maxBytes) throw tooLarge(length!, maxBytes);
  onProgress?.(store.received, length);
  const reader = response.body?.getReader();
  for (let part; reader && !(part = await arrival(reader.read())).done;) {
    const received = store.received + part.value.length;
    if (length !== undefined && received > length) throw await otherLength(store, received, length);
    if (received > Math.min(maxBytes, unpacked?.most ?? Infinity)) {
      await store.restart();
      throw received > maxBytes ? tooLarge(received, maxBytes) : new TransferError(unpacked!.fault, 0);
    }
    // An endless page would never come to the check of the whole.
    if (store.received === 0) {
      checkNoHtml(part.value);
      checkHead?.(part.value);
    }
    await store.append(part.value);
    watch.count(part.value.length);
    onProgress?.(store.received, length);
  }
  const { received } = store;
  if (length !== undefined && received !== length) throw await otherLength(store, received, length);
  if (received === 0) throw new TransferError('it is empty', 1);
  return expected;
}

async function otherLength(store: Store, received: number, length: number): Promise<TransferError> {
  if (received > length) await store.restart();
  return new TransferError(`${received} bytes came of ${length}`, Infinity);
}

function tooLarge(bytes: number, maxBytes: number): TransferError {
  return new TransferError(`it has ${bytes} bytes or more, and maxBytes is ${maxBytes}`, 0);
}

function checkNoHtml(bytes: Uint8Array): void {
  if (!isHtml(bytes)) return;
  throw new TransferError(
    'the server answered with a page of HTML in the place of the file; open the address in a browser to see what it says',
    1,
  );
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
      throw new TransferError('the server sent another range than the one that was asked for', Infinity);
    }
    return { length: linkedLength ?? Number(match![2]), sha256 };
  }
  if (status === 416) await store.restart();
  if (status !== 200) throw refusal(status);
  // What fetch decodes has another length, and no place in it is one of the compressed bytes.
  const encoded = headers.has('content-encoding');
  const etag = encoded ? null : headers.get('etag');
  await store.restart(etag?.startsWith('"') ? etag : undefined);
  const sent = count(headers.get('content-length'));
  if (!encoded) return { length: linkedLength ?? sent, sha256 };
  const unpacked =
    sent === undefined
      ? { most: MOST_UNSAID, fault: UNSAID }
      : { most: sent * MOST_COMPRESSION + 2 ** 16, fault: BOMB };
  return { length: linkedLength, unpacked, sha256 };
}

/** Statuses after which another try may have another end. */
const passing = [408, 416, 425, 429];

function refusal(status: number): TransferError {
  const isPassing = passing.includes(status) || status >= 500;
  const advice =
    status === 401 || status === 403 ? '; what is not public on the hub takes a token (HF_TOKEN)' : '';
  return new TransferError(`the server answered ${status}${advice}`, isPassing ? Infinity : 0, { status });
}

/** The number of a header. */
function count(text: string | null | undefined): number | undefined {
  return text && /^\d+$/.test(text) ? Number(text) : undefined;
}
