import { TransferError } from './transfer-error.js';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The proxy for a URL, as `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say, in small letters too, which go first. As in undici,
 * https takes `HTTP_PROXY` where there is no other, and `NO_PROXY` lists hosts, with all below them, `host:port`, or `*`.
 * Undefined for none.
 * @throws TransferError where it is no address of a proxy.
 */
export function proxyFor(url: string, environment: Environment): string | undefined {
  const valueOf = (name: string) => environment[name.toLowerCase()] ?? environment[name];
  const { protocol, hostname, port } = new URL(url);
  const urlPort = port || (protocol === 'https:' ? '443' : '80');
  const proxy = (protocol === 'https:' && valueOf('HTTPS_PROXY')) || valueOf('HTTP_PROXY');
  if (!proxy) return undefined;
  const isDirect = (valueOf('NO_PROXY') ?? '').split(/[\s,]+/).some((entry) => {
    if (entry === '*') return true;
    const [, host = '', at = urlPort] = /^(?:\*?\.)?(.+?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
    return host !== '' && at === urlPort && `.${hostname}`.endsWith(`.${host}`);
  });
  if (isDirect) return undefined;
  if (!URL.canParse(proxy) || !/^https?:/.test(proxy)) {
    throw new TransferError(
      'HTTP_PROXY or HTTPS_PROXY is no address of a proxy; set it to one such as http://proxy.example:8080',
      0,
    );
  }
  return proxy;
}
