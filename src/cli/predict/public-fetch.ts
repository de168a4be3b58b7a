import { lookup as lookupName, type LookupAddress } from 'node:dns';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { fetchWeb } from '#fetch';
import { proxyFor } from '../../core/proxy.js';
import { TransferError } from '../../core/transfer-error.js';

/** Addresses of this machine, of private networks, and others that are none of the public internet (IANA's registries). */
const privateAddresses = new BlockList();
for (const range of [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4'],
  ...['::/127', '64:ff9b::/96', '64:ff9b:1::/48', '100::/64', '2001::/23', '2001:db8::/32', '2002::/16'],
  ...['fc00::/7', 'fe80::/10', 'ff00::/8'],
]) {
  const [address, bits] = range.split('/') as [string, string];
  privateAddresses.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4');
}

/** Whether an address is not one of the public internet. */
export function isPrivateAddress(address: string): boolean {
  const version = isIP(address);
  return version === 0 || privateAddresses.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * As `fetch`, of addresses of the public internet only: lists of URLs come from others, who must not see by them what this machine
 * can reach. The address that a name stands for is checked where the connection is made, so that it cannot change in between. Where
 * a proxy is set, it finds the address, and has to refuse private ones itself.
 * @throws TransferError where the address is private.
 */
export async function fetchPublic(
  url: string,
  options: RequestInit & { readonly signal: AbortSignal },
): Promise<Response> {
  const { hostname, protocol } = new URL(url);
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  if ((isIP(host) !== 0 && isPrivateAddress(host)) || /(^|\.)localhost\.?$/i.test(host)) throw refusal(host);
  if (proxyFor(url, process.env) !== undefined) return fetchWeb(url, options);
  const request = protocol === 'https:' ? requestHttps : requestHttp;
  const headers = Object.fromEntries(new Headers(options.headers));
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers, signal: options.signal, lookup: lookupPublic }, (answer) => {
      const { statusCode: status = 500, rawHeaders } = answer;
      const pairs = rawHeaders.flatMap((name, i) => (i % 2 === 0 ? [[name, rawHeaders[i + 1]!]] : []));
      const body = [101, 204, 205, 304].includes(status) ? null : (Readable.toWeb(answer) as ReadableStream);
      if (!body) answer.resume();
      resolve(new Response(body, { status: Math.max(200, status), headers: pairs as [string, string][] }));
    });
    asked.on('error', reject).end();
  });
}

/** Looks a name up, and fails where one of its addresses is private. */
const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookupName(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
    const found = addresses ?? [];
    const failure =
      error ?? (found.some(({ address }) => isPrivateAddress(address)) ? refusal(hostname) : null);
    const [first] = found;
    if (failure || options.all) callback(failure, found);
    else callback(null, first!.address, first!.family);
  });
};

function refusal(host: string): TransferError {
  return new TransferError(
    `${host} is an address of this machine or of a private network; if you trust the list, allow them by --allow-private`,
    0,
  );
}
