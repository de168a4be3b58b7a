import type { Dispatcher, ProxyAgent } from 'undici';
import { notInstalled } from './not-installed.js';
import { proxyFor } from './proxy.js';
import { TransferError } from './transfer-error.js';

/** Connections by a proxy. */
interface Connections {
  readonly agent: ProxyAgent;
  /** How many requests use them. */
  uses: number;
  /** Whether one that was given up hangs in them. */
  hang: boolean;
}

/** By the proxy's address. */
const kept = new Map<string, Connections>();

/** Whether Node's `fetch` goes by the proxy. */
const isNodes =
  process.env['NODE_USE_ENV_PROXY'] === '1' && Number(process.versions.node.split('.')[0]) >= 24;

/**
 * As the platform's `fetch`, by the proxy that the environment names for the URL. That takes undici, unless Node itself does
 * so (`NODE_USE_ENV_PROXY`, from Node 24 on). The signal has to be aborted at the end of each request, also a good one.
 * @throws TransferError where undici is not installed, or the proxy refuses or cannot be reached.
 */
export async function fetchWeb(
  url: string,
  options: RequestInit & { readonly signal: AbortSignal },
): Promise<Response> {
  const proxy = isNodes ? undefined : proxyFor(url, process.env);
  if (proxy === undefined) return fetch(url, options);
  const undici = await loadUndici();
  options.signal.throwIfAborted();
  const connections = kept.get(proxy) ?? { agent: connect(proxy, undici), uses: 0, hang: false };
  kept.set(proxy, connections);
  connections.uses++;
  let isWaiting = true;
  const release = () => {
    connections.uses--;
    connections.hang ||= isWaiting;
    if (!connections.hang) return;
    // What hangs would keep the process alive; other requests are left to end.
    if (kept.get(proxy) === connections) kept.delete(proxy);
    if (connections.uses === 0) void connections.agent.destroy();
  };
  options.signal.addEventListener('abort', release, { once: true });
  try {
    const init = { ...(options as object), dispatcher: connections.agent };
    const response = (await undici.fetch(url, init)) as unknown as Response;
    if (response.status === 407) throw refusal(proxy, 407);
    return response;
  } catch (error) {
    throw proxyError(error as Error, url, proxy);
  } finally {
    isWaiting = false;
  }
}

function connect(proxy: string, { Pool, ProxyAgent }: typeof import('undici')): ProxyAgent {
  // Through it ask the proxy for tunnels; undici itself says of a refusal only that the request was cancelled.
  const clientFactory = (origin: URL, options: object): Dispatcher => {
    const pool = new Pool(origin, options);
    const open = pool.connect.bind(pool) as (
      options: Dispatcher.ConnectOptions,
    ) => Promise<Dispatcher.ConnectData>;
    const openTunnel = async (options: Dispatcher.ConnectOptions) => {
      const opened = await open(options).catch((error: Error) => {
        throw unreachable(proxy, error);
      });
      if (opened.statusCode === 200) return opened;
      opened.socket.on('error', () => undefined).destroy();
      throw refusal(proxy, opened.statusCode);
    };
    return Object.assign(pool, { connect: openTunnel });
  };
  // A tunnel is for https; many proxies refuse one to any other port.
  return new ProxyAgent({ uri: proxy, proxyTunnel: false, clientFactory });
}

/** What the proxy is at fault of, where it is. */
function proxyError(error: Error, url: string, proxy: string): Error {
  const { cause } = error as { cause?: Error & { code?: string } };
  if (cause instanceof TransferError) return cause;
  if (cause?.message.includes('Proxy Authentication Required')) return refusal(proxy, 407);
  const hasTunnel = url.startsWith('https:') || proxy.startsWith('https:');
  // Without a tunnel, it is the proxy that is connected to.
  return !hasTunnel && cause?.code !== undefined && noConnection.has(cause.code)
    ? unreachable(proxy, cause)
    : error;
}

/** Node's codes of a server that is not reached. */
const noConnection = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ENETUNREACH',
  'EHOSTUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

function unreachable(proxy: string, error: Error & { code?: string }): TransferError {
  const isFinal = error.code === 'ECONNREFUSED' || error.code === 'ENOTFOUND';
  const message = `the proxy ${hostOf(proxy)} cannot be reached (${error.message || error.code}); look at HTTP_PROXY and HTTPS_PROXY`;
  return new TransferError(message, isFinal ? 0 : 1, { cause: error });
}

function refusal(proxy: string, status: number): TransferError {
  const host = hostOf(proxy);
  const advice =
    status === 407
      ? `; give it the right user and password, as in HTTPS_PROXY=http://user:password@${host}`
      : '; it may not let this host through, and NO_PROXY names hosts to be asked without it';
  return new TransferError(`the proxy ${host} answered ${status}${advice}`, status < 500 ? 0 : Infinity);
}

/** Host and port, without user and password. */
function hostOf(proxy: string): string {
  const { protocol, hostname, port } = new URL(proxy);
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`;
}

async function loadUndici() {
  try {
    // The comments tell bundlers for servers to leave it to Node.
    return await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ 'undici');
  } catch (error) {
    const { message } = notInstalled('HTTP_PROXY is set, and a proxy takes undici', 'undici@7', error);
    throw new TransferError(message, 0, { cause: error });
  }
}
