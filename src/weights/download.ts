/** Options of {@link download}. */
export interface DownloadOptions {
  /** Sent with the request. `fetch` itself sends no authorization on to another host that it is redirected to. */
  readonly headers?: Readonly<Record<string, string>>;
  /** How often a transfer that breaks is continued. Default 4. */
  readonly retries?: number;
  /** Time without a byte after which a transfer counts as broken, in milliseconds. Default 30,000. */
  readonly stallTime?: number;
  /** Time before the first retry, in milliseconds; it doubles. Default 500. */
  readonly retryTime?: number;
}

/** An answer that another try would not change. */
class Refusal extends Error {}

/** Node's codes of what another try soon would not mend: no such host, no network, no server. */
const noServer = ['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'ENETUNREACH'];

/** What has arrived, and what the next request must say to continue it. */
interface Transfer {
  readonly chunks: Uint8Array[];
  received: number;
  /** The version that the bytes are of; without one, a transfer starts anew. */
  etag: string | undefined;
}

/**
 * The bytes of an http or https URL. A transfer that breaks off, stalls or meets an error of the server is tried again and
 * goes on where it stopped, if the server has the same version still (Range and If-Range with a strong ETag). The length
 * that the server named is checked.
 * @throws Error that names the URL and the reason.
 */
export async function download(url: string, options: DownloadOptions = {}): Promise<Uint8Array> {
  const { retries = 4, retryTime = 500 } = options;
  const transfer: Transfer = { chunks: [], received: 0, etag: undefined };
  for (let attempt = 0; ; attempt++) {
    try {
      await receive(url, transfer, options);
      return concatenate(transfer.chunks, transfer.received);
    } catch (error) {
      const { message } = error as Error;
      if (!(error instanceof Refusal) && attempt < retries) {
        await new Promise((resolve) => setTimeout(resolve, retryTime * 2 ** attempt));
        continue;
      }
      const tries = attempt > 0 ? `, after ${attempt + 1} attempts` : '';
      throw new Error(`${url} cannot be fetched${tries}: ${message}.`, { cause: error });
    }
  }
}

async function receive(url: string, transfer: Transfer, options: DownloadOptions): Promise<void> {
  const { headers, stallTime = 30_000 } = options;
  if (transfer.etag === undefined) restart(transfer);
  const range: Record<string, string> =
    transfer.received > 0 ? { range: `bytes=${transfer.received}-`, 'if-range': transfer.etag! } : {};
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(), stallTime);
  try {
    const response = await fetch(url, { headers: { ...headers, ...range }, signal: abort.signal });
    const length = checkResponse(response, transfer);
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
      clearTimeout(timer);
      timer = setTimeout(() => abort.abort(), stallTime);
      transfer.chunks.push(part.value);
      transfer.received += part.value.length;
    }
    if (length !== undefined && transfer.received !== length) {
      throw new Error(`${transfer.received} bytes came of ${length}`);
    }
  } catch (error) {
    if (abort.signal.aborted) throw new Error(`nothing came for ${stallTime} ms`, { cause: error });
    // fetch's own failures: no connection, or one that broke. Node says why in the cause.
    const { message, code = '' } = (error as { cause?: { message?: string; code?: string } }).cause ?? {};
    if (noServer.includes(code)) throw new Refusal(message || code, { cause: error });
    if (message) throw new Error(message, { cause: error });
    throw error;
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

/** The length of the whole file, where the server names it. A whole answer to a request for the rest starts anew. */
function checkResponse({ status, headers }: Response, transfer: Transfer): number | undefined {
  if (status === 206) {
    const match = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '');
    if (Number(match?.[1]) !== transfer.received || transfer.received === 0) {
      restart(transfer);
      throw new Error('the server sent another range than the one that was asked for');
    }
    return Number(match![2]);
  }
  if (status === 416 || status === 429 || status >= 500) {
    restart(transfer);
    throw new Error(`the server answered ${status}`);
  }
  if (status === 401 || status === 403) {
    throw new Refusal(
      `the server answered ${status}; what is not public on the hub takes a token (HF_TOKEN)`,
    );
  }
  if (status !== 200) throw new Refusal(`the server answered ${status}`);
  restart(transfer);
  const etag = headers.get('etag');
  transfer.etag = etag?.startsWith('"') ? etag : undefined;
  // fetch decodes what is compressed, and the length is that of the compressed bytes.
  const length = headers.get('content-encoding') ? null : headers.get('content-length');
  return length === null ? undefined : Number(length);
}

function restart(transfer: Transfer): void {
  transfer.chunks.length = 0;
  transfer.received = 0;
  transfer.etag = undefined;
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let place = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, place);
    place += chunk.length;
  }
  return bytes;
}
