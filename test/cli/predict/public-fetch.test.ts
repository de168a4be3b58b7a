import { BlockList } from 'node:net';
import { fetchPublic, isPrivateAddress } from '../../../src/cli/predict/public-fetch.js';
import { fetchBytes } from '../../../src/core/fetch-bytes.js';
import { closeServers, serve } from '../../helpers/serve.js';

const dns = process.getBuiltinModule('node:dns');

afterEach(() => {
  jest.restoreAllMocks();
  closeServers();
});

test.each([
  ...['127.0.0.1', '127.8.9.1', '10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '169.254.169.254'],
  ...['0.0.0.0', '100.64.0.1', '224.0.0.1', '255.255.255.255', '::', '::1', '::ffff:10.0.0.1', 'fd00::1'],
  ...['fe80::1', 'ff02::1', '64:ff9b::7f00:1', '2002:7f00:1::', 'no address'],
])('%s is private', (address) => expect(isPrivateAddress(address)).toBe(true));

test.each(['8.8.8.8', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:8.8.8.8'])(
  '%s is public',
  (address) => expect(isPrivateAddress(address)).toBe(false),
);

/** Has names stand for these addresses. */
function resolveTo(...addresses: string[]): void {
  jest.spyOn(dns, 'lookup').mockImplementation(((
    _: string,
    __: object,
    callback: (...args: unknown[]) => void,
  ) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    )) as never);
}

test('a name whose address is private is refused, also where it has a public one too', async () => {
  let asked = 0;
  const { port } = new URL(await serve((_, response) => response.end(`${++asked}`)));
  for (const addresses of [['127.0.0.1'], ['8.8.8.8', '127.0.0.1']]) {
    resolveTo(...addresses);
    const fetched = fetchBytes(`http://photos.example:${port}/`, { fetch: fetchPublic });
    await expect(fetched).rejects.toThrow(
      'photos.example is an address of this machine or of a private network',
    );
  }
  expect(asked).toBe(0);
});

test('a redirect to a private address is refused', async () => {
  let asked = 0;
  const inner = await serve((_, response) => response.end(`${++asked}`));
  const outer = await serve((_, response) => response.writeHead(302, { location: inner }).end());
  const fetched = fetchBytes(outer, {
    fetch: (url, options) => (url.startsWith(outer) ? fetch : fetchPublic)(url, options),
  });
  await expect(fetched).rejects.toThrow('127.0.0.1 is an address of this machine');
  expect(asked).toBe(0);
});

test('what a public address answers comes whole: bytes, status and headers', async () => {
  const bytes = Uint8Array.from({ length: 300_000 }, (_, i) => i % 251);
  const { port } = new URL(
    await serve(({ url }, response) => {
      if (url === '/gone') response.writeHead(410).end();
      else if (url === '/moved') response.writeHead(301, { location: '/whole' }).end();
      else response.writeHead(200, { etag: '"1"' }).end(bytes);
    }),
  );
  resolveTo('127.0.0.1');
  jest.spyOn(BlockList.prototype, 'check').mockReturnValue(false);
  const at = (path: string) => `http://photos.example:${port}${path}`;
  expect(await fetchBytes(at('/moved'), { fetch: fetchPublic })).toEqual(bytes);
  await expect(fetchBytes(at('/gone'), { fetch: fetchPublic })).rejects.toThrow('the server answered 410');
});
