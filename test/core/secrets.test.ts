import { readFileSync } from 'node:fs';
import { createServer as createSecureServer } from 'node:https';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { download } from '../../src/core/download.js';
import { request } from '../../src/core/request.js';
import { shownUrl } from '../../src/core/shown-url.js';
import { readBytes } from '../../src/training/data/read-bytes.js';
import { decodeImage } from '../../src/vision/decode-image.node.js';
import { hubFile } from '../../src/weights/sources/hub.js';
import { load } from '../../src/weights/load.js';
import { closeServers, listen, serve } from '../helpers/serve.js';

const quick = { retryTime: 1, retries: 1 };

afterEach(closeServers);

test.each([
  ['https://host/a?token=abc&x=1#top', 'https://host/a?token=…&x=…'],
  ['https://host/a?abc', 'https://host/a?…'],
  ['https://me:pw@host:8080/a', 'https://host:8080/a'],
  ['https://host/a@b?next=http://x?y=z', 'https://host/a@b?next=…'],
  ['hf://a/b@v1/c', 'hf://a/b@v1/c'],
  ['s3:secret?sig=abc&abc', 's3:secret?sig=…&…'],
  ['https:me:pw@host/a?b=c', 'https:host/a?b=…'],
  ['file:/a/b?sig=abc', 'file:/a/b?sig=…'],
  ['folder/what?.png', 'folder/what?.png'],
  [`data:,${'x'.repeat(1000)}`, `data:,${'x'.repeat(194)}…`],
  ['C:\\photos\\a#1.png', 'C:\\photos\\a#1.png'],
  ['C:/photos/what?.png', 'C:/photos/what?.png'],
])('%s is shown as %s', (url, shown) => expect(shownUrl(url)).toBe(shown));

const answers: [string, number, Record<string, string>, string][] = [
  ['404', 404, {}, ''],
  ['403', 403, {}, ''],
  ['HTML', 200, {}, '<html>'],
  ['what does not parse', 200, {}, 'hello'],
  ['a redirect to nowhere', 302, { location: 'ftp://elsewhere/?token=hidden' }, ''],
  ['a redirect with a key to what is not there', 302, { location: 'http://127.0.0.1:1/?token=hidden' }, ''],
];
test.each(answers)('keys in a URL are in no error: %s', async (_, status, headers, body) => {
  const origin = await serve((_, response) => response.writeHead(status, headers).end(body));
  const url = `${origin.replace('//', '//me:hidden@')}/a?token=hidden&hidden`;
  const tries = [
    () => load(url, { limits: quick }),
    () => load(new URL(url), { limits: quick, sha256: 'f'.repeat(64), cache: false }),
    () => decodeImage(url),
    () => readBytes(url),
  ];
  for (const attempt of tries) {
    const error: unknown = await attempt().catch((error: unknown) => error);
    // Bytes that are no archive are no error of reading alone.
    if (error instanceof Uint8Array) continue;
    expect((error as Error).message).toContain('/a?token=…&…');
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('hidden');
  }
});

test('user and password of a URL are sent as Basic, to its origin alone', async () => {
  const received: (string | undefined)[] = [];
  const elsewhere = await serve(({ headers }, response) => {
    received.push(headers.authorization);
    response.end('weights');
  });
  const origin = await serve(({ headers }, response) => {
    received.push(headers.authorization);
    response.writeHead(302, { location: elsewhere.replace('127.0.0.1', 'me:pw@localhost') }).end();
  });
  await download(origin.replace('//', '//m%C3%A9:p%40w@'));
  expect(received).toEqual([`Basic ${Buffer.from('mé:p@w').toString('base64')}`, undefined]);
});

test('a redirect from https to http is refused', async () => {
  const answer = new Response(null, { status: 302, headers: { location: 'http://host/b?key=hidden' } });
  const fetch = jest.spyOn(globalThis, 'fetch').mockResolvedValueOnce(answer);
  const { signal } = new AbortController();
  await expect(request({ url: 'https://host/a', headers: {}, range: {}, signal })).rejects.toThrow(
    "it redirects from https to 'http://host/b?key=…', which anyone on the way could change",
  );
  expect(fetch).toHaveBeenCalledTimes(1);
  fetch.mockRestore();
});

test('a certificate that nobody has signed is named, and what to do; there is no other try', async () => {
  const pem = readFileSync(join(__dirname, '..', 'helpers', 'self-signed.pem'));
  let connections = 0;
  const server = createSecureServer({ key: pem, cert: pem });
  server.on('connection', () => connections++);
  const url = await listen(server, 'https');
  await expect(download(`${url}/a`)).rejects.toThrow(
    `${url}/a cannot be fetched: its certificate is signed by none of the authorities that Node knows; where it is one of yours, ` +
      'set NODE_EXTRA_CA_CERTS to the file of its certificate (PEM).',
  );
  expect(connections).toBe(1);
  server.close();
});

test.each([
  ['ENOTFOUND', 'getaddrinfo ENOTFOUND nowhere.invalid'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another host'],
])('%s is final, and said', async (code, message) => {
  const cause = Object.assign(new Error(`getaddrinfo ${code} nowhere.invalid`), { code });
  const failure = new TypeError('fetch failed', { cause });
  const fetch = jest.spyOn(globalThis, 'fetch').mockRejectedValueOnce(failure);
  await expect(download('https://nowhere.invalid/a')).rejects.toThrow(
    `https://nowhere.invalid/a cannot be fetched: ${message}`,
  );
  expect(fetch).toHaveBeenCalledTimes(1);
  fetch.mockRestore();
});

test('where names are not found for now, there is one more try', async () => {
  const cause = Object.assign(new Error('getaddrinfo EAI_AGAIN host'), { code: 'EAI_AGAIN' });
  const failure = new TypeError('fetch failed', { cause });
  const fetch = jest.spyOn(globalThis, 'fetch').mockRejectedValue(failure);
  await expect(download('https://host/a', { retryTime: 1 })).rejects.toThrow(
    'https://host/a cannot be fetched, after 2 attempts: getaddrinfo EAI_AGAIN host.',
  );
  fetch.mockRestore();
});

test('a token with an end of line is taken without it; another that cannot be sent is not in the error', async () => {
  expect(hubFile('hf://a/b/c', { token: 'hidden\r\n' }).headers).toEqual({ authorization: 'Bearer hidden' });
  const error: unknown = await load('hf://a/b/c', { hub: { token: 'hid\nden' } }).catch((e: unknown) => e);
  expect(inspect(error, { depth: null })).toContain('The token of the hub (HF_TOKEN) has a space');
  expect(inspect(error, { depth: null })).not.toContain('den');
});
