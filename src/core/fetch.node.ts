import type { ProxyAgent } from 'undici';
import { notInstalled } from './not-installed.js';
import { proxyFor } from './proxy.js';
import { TransferError } from './transfer-error.js';

const agents = new Map<string, ProxyAgent>();

/** Whether Node's own `fetch` goes by the proxy. */
const isNodes =
  process.env['NODE_USE_ENV_PROXY'] === '1' && Number(process.versions.node.split('.')[0]) >= 24;

/**
 * As the platform's `fetch`, by the proxy that the environment names for the URL. That takes undici, unless Node itself does
 * so (`NODE_USE_ENV_PROXY`, from Node 24 on).
 * @throws TransferError where undici is not installed.
 */
export async function fetchWeb(url: string, options: RequestInit): Promise<Response> {
  const proxy = isNodes ? undefined : proxyFor(url, process.env);
  if (proxy === undefined) return fetch(url, options);
  const undici = await loadUndici();
  // A tunnel is for https; many proxies refuse one to any other port.
  const dispatcher = agents.get(proxy) ?? new undici.ProxyAgent({ uri: proxy, proxyTunnel: false });
  agents.set(proxy, dispatcher);
  const response = await undici.fetch(url, { ...(options as object), dispatcher });
  return response as unknown as Response;
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
