import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createSecureServer } from 'node:https';
import { createServer, request as forward, type Server } from 'node:http';
import { connect, type Socket } from 'node:net';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { download } from '../../src/core/download.js';
import { proxyFor } from '../../src/core/proxy.js';
import { readFile } from '../../src/core/read-file.node.js';
import { readBytes } from '../../src/training/data/read-bytes.js';
import { fetchSource } from '../helpers/fetch-source.js';
import { listen } from '../helpers/serve.js';

const environment = process.env;
const quick = { retryTime: 1, retries: 1 };
const pem = readFileSync(join(__dirname, '..', 'helpers', 'self-signed.pem'));

let server: Server;
let secureServer: Server;
let proxy: Server;
let proxyOrigin: string;
/** What the proxy was asked for. */
let asked: string[];

beforeAll(async () => {
  server = createServer(({ url, headers }, response) => response.end(`${headers.host} ${url}`));
  secureServer = createSecureServer({ key: pem, cert: pem }, (_, response) => response.end('secret'));
  const { port } = new URL(await listen(server));
  const { port: securePort } = new URL(await listen(secureServer));
  // Whatever its host is, an address leads to one of these two servers.
  proxy = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const { pathname } = new URL(request.url!);
    const to = { port, path: pathname, headers: request.headers };
    request.pipe(forward(to, (answer) => answer.pipe(response.writeHead(answer.statusCode!))));
  });
  proxy.on('connect', ({ url, headers }, socket, head) => {
    asked.push(`CONNECT ${url}${headers['proxy-authorization'] ? ' with a password' : ''}`);
    const target = connect(Number(url!.endsWith(':443') ? securePort : port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.write(head);
      socket.pipe(target).pipe(socket);
    });
    for (const end of [socket, target]) end.on('error', () => undefined);
    socket.on('close', () => target.destroy());
  });
  proxyOrigin = await listen(proxy);
});
beforeEach(() => {
  asked = [];
  process.env = { ...environment };
});
afterAll(() => {
  process.env = environment;
  for (const each of [server, secureServer, proxy]) {
    each.closeAllConnections();
    each.close();
  }
});

test.each(['HTTP_PROXY', 'http_proxy'])('%s: weights, images and data sets go by it', async (name) => {
  process.env[name] = proxyOrigin;
  for (const fetch of [download, fetchSource, readFile, readBytes]) {
    asked = [];
    const bytes = await fetch('http://weights.invalid/model');
    expect(new TextDecoder().decode(bytes)).toBe('weights.invalid /model');
    expect(asked).toEqual(['GET http://weights.invalid/model']);
  }
});

test.each(['HTTPS_PROXY', 'https_proxy'])('%s: so do secure addresses', async (name) => {
  process.env[name] = proxyOrigin;
  const error = download('https://weights.invalid/model', quick);
  // The tunnel leads to a server whose certificate nobody trusts.
  await expect(error).rejects.toThrow('signed by none of the authorities');
  expect(asked).toEqual(['CONNECT weights.invalid:443']);
});

test('NO_PROXY: what it names goes without', async () => {
  process.env['HTTP_PROXY'] = proxyOrigin;
  process.env['NO_PROXY'] = 'other.example, 127.0.0.1';
  await download(`http://127.0.0.1:${new URL(await originOf(server)).port}/model`);
  expect(asked).toEqual([]);
  await download('http://weights.invalid/model');
  expect(asked).toHaveLength(1);
});

async function originOf(listening: Server): Promise<string> {
  return `http://127.0.0.1:${(listening.address() as { port: number }).port}`;
}

test('user and password of a proxy are sent to it, and are in no error', async () => {
  process.env['HTTPS_PROXY'] = proxyOrigin.replace('//', '//me:secret@');
  const error: unknown = await download('https://weights.invalid/', quick).catch((error: unknown) => error);
  expect(asked).toEqual(['CONNECT weights.invalid:443 with a password']);
  expect((error as Error).message).not.toContain('secret');
});

test('a proxy that is none is an error that says so', async () => {
  process.env['HTTP_PROXY'] = 'me:secret@proxy';
  await expect(download('http://weights.invalid/', quick)).rejects.toThrow(
    'http://weights.invalid/ cannot be fetched: HTTP_PROXY or HTTPS_PROXY is no address of a proxy; set it to one such as ' +
      'http://proxy.example:8080.',
  );
  process.env['HTTP_PROXY'] = 'http://127.0.0.1:1';
  await expect(download('http://weights.invalid/', quick)).rejects.toThrow(
    /cannot be fetched: the proxy 127\.0\.0\.1:1 cannot be reached \(connect ECONNREFUSED 127\.0\.0\.1:1\); look at HTTP_PROXY and HTTPS_PROXY\.$/,
  );
});

describe('a proxy that', () => {
  let other: Server;
  let tries: number;
  const proxyThat = async (does: (socket: Socket) => void) => {
    tries = 0;
    other = createServer((_, response) => {
      tries++;
      does(response.socket!);
    });
    other.on('connect', (_, socket: Socket) => {
      tries++;
      socket.on('error', () => undefined);
      does(socket);
    });
    const origin = await listen(other);
    process.env['HTTPS_PROXY'] = process.env['HTTP_PROXY'] = origin.replace('//', '//me:secret@');
    return new URL(origin).host;
  };
  const answer = (status: string) => (socket: Socket) => {
    socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`);
  };
  afterEach(() => {
    other.closeAllConnections();
    other.close();
  });

  test.each([
    ['https', '403 Forbidden', 'answered 403; it may not let this host through, and NO_PROXY names', 1],
    [
      'https',
      '407 Who',
      'answered 407; give it the right user and password, as in HTTPS_PROXY=http://user:',
      1,
    ],
    [
      'http',
      '407 Who',
      'answered 407; give it the right user and password, as in HTTPS_PROXY=http://user:',
      1,
    ],
    ['https', '502 Bad', 'answered 502; it may not', 2],
  ])('of %s answers %s is named, with its status', async (scheme, status, message, expected) => {
    const host = await proxyThat(answer(status));
    const error = (await download(`${scheme}://weights.invalid/x`, quick).catch((e: unknown) => e)) as Error;
    const after = expected > 1 ? ', after 2 attempts' : '';
    expect(error.message).toContain(
      `://weights.invalid/x cannot be fetched${after}: the proxy ${host} ${message}`,
    );
    expect(error.message).toMatch(/[^.]\.$/);
    expect(inspect(error, { depth: null })).not.toContain('secret');
    expect(tries).toBe(expected);
  });

  test('closes the connection is named, after another try', async () => {
    const host = await proxyThat((socket) => socket.destroy());
    await expect(download('https://weights.invalid/x', quick)).rejects.toThrow(
      `cannot be fetched, after 2 attempts: the proxy ${host} cannot be reached (`,
    );
  });

  test.each(['http', 'https'])('is not there is named: %s', async (scheme) => {
    await proxyThat(answer('200 OK'));
    process.env['HTTPS_PROXY'] = process.env['HTTP_PROXY'] = 'http://me:secret@127.0.0.1:1';
    await expect(download(`${scheme}://weights.invalid/x`, quick)).rejects.toThrow(
      `${scheme}://weights.invalid/x cannot be fetched: the proxy 127.0.0.1:1 cannot be reached (connect ECONNREFUSED`,
    );
  });

  test('never answers lets the process end after the error', async () => {
    await proxyThat(() => undefined);
    const folder = mkdtempSync(join(tmpdir(), 'skipscale-proxy-'));
    const program = join(folder, 'fetch.mjs');
    await build({
      stdin: {
        contents: `import { download } from './src/core/download.ts';
          await download(process.argv[2], { stallTime: 200, retries: 1, retryTime: 1 }).catch((error) => {
            console.log(Date.now(), error.message);
          });`,
        resolveDir: process.cwd(),
      },
      outfile: program,
      bundle: true,
      format: 'esm',
      platform: 'node',
      alias: { '#fetch': './src/core/fetch.node.ts' },
      external: ['undici'],
      logLevel: 'error',
    });
    symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'));
    for (const scheme of ['http', 'https']) {
      const child = spawn(process.execPath, [program, `${scheme}://weights.invalid/x`], {
        env: process.env,
        timeout: 20_000,
      });
      let output = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
      await once(child, 'close');
      const ended = Date.now();
      expect(output).toMatch(/^\d+ .*cannot be fetched, after 2 attempts: nothing came for 200 ms\.\n$/);
      expect(ended - Number.parseInt(output)).toBeLessThan(10_000);
    }
    rmSync(folder, { recursive: true });
  }, 60_000);
});

test('where undici is not installed, the error says what to install', async () => {
  process.env['HTTP_PROXY'] = proxyOrigin;
  await jest.isolateModulesAsync(async () => {
    jest.doMock('undici', () => {
      throw new Error("Cannot find package 'undici'");
    });
    const alone = await import('../../src/core/download.js');
    await expect(alone.download('http://weights.invalid/', quick)).rejects.toThrow(
      'HTTP_PROXY is set, and a proxy takes undici, which is not installed: npm install undici@7.',
    );
  });
  jest.dontMock('undici');
});

test.each([
  ['http://a.example/', { HTTP_PROXY: 'http://p' }, 'http://p'],
  ['https://a.example/', { HTTP_PROXY: 'http://p', HTTPS_PROXY: 'http://s' }, 'http://s'],
  ['https://a.example/', { HTTP_PROXY: 'http://p' }, 'http://p'],
  ['http://a.example/', { HTTPS_PROXY: 'http://s' }, undefined],
  ['http://a.example/', { HTTP_PROXY: 'http://p', http_proxy: 'http://q' }, 'http://q'],
  ['http://a.example/', { HTTP_PROXY: '' }, undefined],
  ['http://a.example/', { HTTP_PROXY: 'http://p', NO_PROXY: '*' }, undefined],
  ['http://a.example/', { HTTP_PROXY: 'http://p', NO_PROXY: 'example' }, undefined],
  ['http://a.example/', { HTTP_PROXY: 'http://p', no_proxy: 'x, .A.Example' }, undefined],
  ['http://a.example/', { HTTP_PROXY: 'http://p', NO_PROXY: '*.example' }, undefined],
  ['http://ba.example/', { HTTP_PROXY: 'http://p', NO_PROXY: 'a.example' }, 'http://p'],
  ['http://a.example/', { HTTP_PROXY: 'http://p', NO_PROXY: 'a.example:8080' }, 'http://p'],
  ['http://a.example:8080/', { HTTP_PROXY: 'http://p', NO_PROXY: 'a.example:8080' }, undefined],
  ['https://a.example/', { HTTP_PROXY: 'http://p', NO_PROXY: 'a.example:443' }, undefined],
  ['http://[::1]:80/', { HTTP_PROXY: 'http://p', NO_PROXY: '[::1]' }, undefined],
])('%s with %j goes by %s', (url, environment, proxy) => {
  expect(proxyFor(url, environment as Record<string, string>)).toBe(proxy);
});
