import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createRawServer, type AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { gzipSync } from 'node:zlib';
import { buildResNet } from '../../src/models/resnet.js';
import { download } from '../../src/core/download.js';
import { hubFile } from '../../src/weights/sources/hub.js';
import { load } from '../../src/weights/load.js';
import { encode } from '../../src/weights/encode.js';

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) >> 3);
const sha256 = createHash('sha256').update(content).digest('hex');
const quick = { retryTime: 1, stallTime: 2000 };

type Handler = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

let handler: Handler;
let requests: IncomingMessage[];
let server: Server;
let origin: string;
const others: Server[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    requests.push(request);
    handler(request, response, requests.length);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = [];
});
afterEach(() => {
  for (const other of others.splice(0)) {
    other.closeAllConnections();
    other.close();
  }
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Sends what was asked for, and breaks off after so many bytes. */
function send(request: IncomingMessage, response: ServerResponse, bytes = Infinity, etag = '"v1"'): void {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const matches = request.headers['if-range'] === etag;
  const from = matches ? start : 0;
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': content.length - from,
    ...(etag && { etag }),
    ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  const part = content.subarray(from, from + bytes);
  if (from + part.length === content.length) response.end(part);
  else response.write(part, () => setTimeout(() => response.destroy(), 20));
}

/** An origin whose server does this; it ends with the test. */
async function otherOrigin(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  const other = createServer(handler);
  others.push(other);
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  return `http://localhost:${(other.address() as AddressInfo).port}`;
}

async function expectContent(result: Promise<Uint8Array>): Promise<void> {
  expect(Buffer.from(await result).equals(Buffer.from(content))).toBe(true);
}

test('a transfer that breaks again and again goes on where it stopped', async () => {
  handler = (request, response) => send(request, response, 100_000);
  await expectContent(download(`${origin}/file`, quick));
  expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=100000-', 'bytes=200000-']);
});

test('without an ETag, and with a weak one, it starts anew', async () => {
  for (const etag of ['', 'W/"v1"']) {
    requests = [];
    handler = (request, response, attempt) => send(request, response, attempt < 3 ? 100_000 : Infinity, etag);
    await expectContent(download(`${origin}/file`, quick));
    expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, undefined, undefined]);
  }
});

test('a file that changed meanwhile is taken from its begin', async () => {
  handler = (request, response, attempt) =>
    send(request, response, attempt === 1 ? 1000 : Infinity, `"v${attempt}"`);
  await expectContent(download(`${origin}/file`, quick));
  expect(requests[1]!.headers['if-range']).toBe('"v1"');
});

test('a server that stalls is left and asked again', async () => {
  handler = (request, response, attempt) => {
    if (attempt > 2) send(request, response);
    else if (attempt === 2) response.writeHead(200).write('x');
  };
  await expectContent(download(`${origin}/file`, { ...quick, stallTime: 200 }));
  handler = () => undefined;
  await expect(download(`${origin}/file`, { ...quick, stallTime: 50, retries: 1 })).rejects.toThrow(
    /\/file cannot be fetched, after 2 attempts: nothing came for 50 ms\.$/,
  );
});

test.each([500, 503, 429, 416])('after %d, it is tried again', async (status) => {
  handler = (request, response, attempt) => {
    if (attempt < 3) response.writeHead(status).end();
    else send(request, response);
  };
  await expectContent(download(`${origin}/file`, quick));
  handler = (_, response) => response.writeHead(status).end();
  await expect(download(`${origin}/file`, { ...quick, retries: 2 })).rejects.toThrow(
    `after 3 attempts: the server answered ${status}.`,
  );
});

test.each([
  [404, /\/file cannot be fetched: the server answered 404\.$/],
  [403, /the server answered 403; what is not public on the hub takes a token \(HF_TOKEN\)\.$/],
  [204, /the server answered 204\.$/],
])('%d is final', async (status, message) => {
  handler = (_, response) => response.writeHead(status).end();
  await expect(download(`${origin}/file`, quick)).rejects.toThrow(message);
  expect(requests).toHaveLength(1);
});

test('where there is no server, no time is lost with tries', async () => {
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  await expect(download(`http://127.0.0.1:${port}/x`, { ...quick, retryTime: 60_000 })).rejects.toThrow(
    /\/x cannot be fetched: .*ECONNREFUSED/,
  );
});

test('after an error of the server, it goes on where it stopped all the same', async () => {
  handler = (request, response, attempt) => {
    if (attempt === 2) response.writeHead(503).end();
    else send(request, response, attempt === 1 ? 1000 : Infinity);
  };
  await expectContent(download(`${origin}/file`, quick));
  expect(requests.map(({ headers }) => headers.range)).toEqual([undefined, 'bytes=1000-', 'bytes=1000-']);
});

test('where the server has no such range, it starts anew', async () => {
  handler = (request, response, attempt) => {
    if (attempt === 2) response.writeHead(416).end();
    else send(request, response, attempt === 1 ? 1000 : Infinity);
  };
  await expectContent(download(`${origin}/file`, quick));
  expect(requests[2]!.headers.range).toBeUndefined();
});

test('the rest of another version is not mixed in', async () => {
  handler = (request, response, attempt) => {
    if (attempt !== 2) return send(request, response, attempt === 1 ? 1000 : Infinity, '"v1"');
    response.writeHead(206, {
      etag: '"v2"',
      'content-range': `bytes 1000-${content.length - 1}/${content.length}`,
    });
    response.end(new Uint8Array(content.length - 1000));
  };
  await expectContent(download(`${origin}/file`, quick));
  expect(requests).toHaveLength(3);
});

test('compressed bytes are not asked for; where they come, they are not continued', async () => {
  const compressed = gzipSync(content);
  handler = (_, response, attempt) => {
    response.writeHead(200, {
      'content-encoding': 'gzip',
      etag: '"v1"',
      'content-length': compressed.length,
    });
    if (attempt > 1) response.end(compressed);
    else response.write(compressed.subarray(0, 1000), () => setTimeout(() => response.destroy(), 20));
  };
  const seen: (number | undefined)[] = [];
  await expectContent(download(`${origin}/file`, { ...quick, onProgress: (_, total) => seen.push(total) }));
  expect(requests.map(({ headers }) => [headers['accept-encoding'], headers.range])).toEqual([
    ['identity', undefined],
    ['identity', undefined],
  ]);
  expect(new Set(seen)).toEqual(new Set([undefined]));
});

test('progress counts what is there, to the end', async () => {
  handler = (request, response, attempt) => send(request, response, attempt === 1 ? 100_000 : Infinity);
  const seen: (number | undefined)[][] = [];
  await download(`${origin}/file`, { ...quick, onProgress: (...progress) => seen.push(progress) });
  const received = seen.map(([received]) => received!);
  expect(received).toEqual([...received].sort((a, b) => a - b));
  expect(received.filter((received) => received === 100_000).length).toBeGreaterThanOrEqual(2);
  expect(new Set(seen.map(([, total]) => total))).toEqual(new Set([content.length]));
  expect(seen.at(-1)).toEqual([content.length, content.length]);
});

test('an error of onProgress ends it', async () => {
  handler = (request, response) => send(request, response);
  const enough = new Error('enough');
  const onProgress = () => {
    throw enough;
  };
  await expect(download(`${origin}/file`, { ...quick, onProgress })).rejects.toBe(enough);
  expect(requests).toHaveLength(1);
});

describe('a SHA-256', () => {
  test('or its first digits, in either case', async () => {
    handler = (request, response) => send(request, response);
    for (const digits of [sha256, sha256.slice(0, 8), sha256.toUpperCase()]) {
      await expectContent(download(`${origin}/file`, { ...quick, sha256: digits }));
    }
  });

  test('that is another is an error at once', async () => {
    handler = (request, response) => send(request, response);
    const other = sha256.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    await expect(download(`${origin}/file`, { ...quick, sha256: other })).rejects.toThrow(
      `${origin}/file has the SHA-256 ${sha256} and not ${other}: it is damaged, or another file.`,
    );
    expect(requests).toHaveLength(1);
  });
});

describe('redirects', () => {
  test('are followed, with the rest of a file too', async () => {
    handler = (request, response, attempt) => {
      if (request.url === '/file') response.writeHead(307, { location: 'sub/blob' }).end('Elsewhere.');
      else if (request.url === '/sub/blob') response.writeHead(301, { location: '/blob' }).end();
      else send(request, response, attempt === 3 ? 1000 : Infinity);
    };
    await expectContent(download(`${origin}/file`, quick));
    expect(requests.map(({ url }) => url)).toEqual(Array(2).fill(['/file', '/sub/blob', '/blob']).flat());
    expect(requests[5]!.headers.range).toBe('bytes=1000-');
  });

  test.each([
    ['file:///etc/passwd', "it redirects to 'file:///etc/passwd', which is no address of the web."],
    ['data:,weights', "it redirects to 'data:,weights', which is no"],
    ['http://', "it redirects to 'http://', which is no"],
    [undefined, "it redirects to '', which is no"],
    ['/file', 'it redirects more than 20 times.'],
  ])('to %s are an error', async (location, message) => {
    handler = (_, response) => response.writeHead(302, location === undefined ? {} : { location }).end();
    await expect(download(`${origin}/file`, quick)).rejects.toThrow(`/file cannot be fetched: ${message}`);
  });

  test("headers do not go to another host, nor from there to the first one's", async () => {
    const elsewhere = await otherOrigin((_, response) =>
      response.writeHead(302, { location: `${origin}/back` }).end(),
    );
    handler = (request, response) => {
      if (request.url === '/back') send(request, response);
      else response.writeHead(302, { location: elsewhere }).end();
    };
    await expectContent(
      download(`${origin}/file`, { ...quick, headers: { authorization: 'Bearer secret' } }),
    );
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer secret', undefined]);
  });
});

test('another range than the one asked for is not mixed in', async () => {
  handler = (request, response, attempt) => {
    if (attempt === 1) return send(request, response, 1000);
    if (attempt > 2) return send(request, response);
    response.writeHead(206, { 'content-range': `bytes 500-${content.length - 1}/${content.length}` });
    response.end(content.subarray(500));
  };
  await expectContent(download(`${origin}/file`, quick));
  expect(requests[2]!.headers.range).toBeUndefined();
  handler = (_, response) => response.writeHead(206).end('unasked');
  await expect(download(`${origin}/file`, { ...quick, retries: 0 })).rejects.toThrow('another range');
});

test.each([
  ['fewer bytes than the length', 'content-length: 10\r\n\r\n12345'],
  ['a chunk that is none', 'transfer-encoding: chunked\r\n\r\nzz\r\n12345'],
  ['chunks without an end', 'transfer-encoding: chunked\r\n\r\n5\r\n12345\r\n'],
  ['a length that is none', 'content-length: ten\r\n\r\n12345'],
])('%s are an error that names the URL', async (_, answer) => {
  const raw = createRawServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(`HTTP/1.1 200 OK\r\n${answer}`);
  });
  await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(raw.address() as AddressInfo).port}/file`;
  await expect(download(url, { ...quick, retries: 1 })).rejects.toThrow(`${url} cannot be fetched`);
  raw.close();
});

describe('the hub', () => {
  test.each([
    ['hf://timm/resnet18.a1_in1k/model.safetensors', 'timm/resnet18.a1_in1k/resolve/main/model.safetensors'],
    ['hf://a/b@v1.0/sub/model.bin', 'a/b/resolve/v1.0/sub/model.bin'],
  ])('%s', (source, path) => {
    expect(hubFile(source, { endpoint: 'https://mirror/x/' }).url).toBe(`https://mirror/x/${path}`);
  });

  test.each([
    'hf://a',
    'hf://a/b',
    'hf://a/b/',
    'hf://a/b/../c',
    'hf://a/../b/c',
    'hf://a/b@../c',
    'hf://a/b/c?d',
  ])('%s is refused', (source) =>
    expect(() => hubFile(source)).toThrow(`'${source}' is no file of the hub; give hf://owner/name/file`),
  );

  test('endpoint and token of the environment, or of the options', () => {
    const before = process.env;
    process.env = { ...before, HF_ENDPOINT: 'https://mirror', HF_TOKEN: 'secret' };
    expect(hubFile('hf://a/b/c')).toEqual({
      place: ['hub', 'mirror', 'a', 'b', 'main', 'c'],
      url: 'https://mirror/a/b/resolve/main/c',
      headers: { authorization: 'Bearer secret' },
    });
    expect(hubFile('hf://a/b/c', { token: '', endpoint: 'https://own' }).headers).toEqual({});
    process.env = before;
  });

  test('the token goes to the hub, not to the host that it redirects to, and into no error', async () => {
    const received: (string | undefined)[] = [];
    const elsewhere = await otherOrigin((request, response) => {
      received.push(request.headers.authorization);
      response.writeHead(403).end();
    });
    handler = (_, response) => response.writeHead(302, { location: `${elsewhere}/blob` }).end();
    const { url, headers } = hubFile('hf://a/b/c', { endpoint: origin, token: 'secret' });
    const error: unknown = await download(url, { ...quick, headers }).catch((error: unknown) => error);
    expect((error as Error).message).toMatch(/resolve\/main\/c cannot be fetched: the server answered 403/);
    expect(inspect(error, { depth: null, showHidden: true })).not.toContain('secret');
    expect(requests[0]!.headers.authorization).toBe('Bearer secret');
    expect(received).toEqual([undefined]);
  });

  describe('says length and SHA-256 of a file that it has elsewhere', () => {
    let elsewhere: string;
    beforeEach(async () => {
      elsewhere = await otherOrigin((request, response) => send(request, response));
    });
    const says = (linked: Record<string, string>) => {
      handler = (_, response) => response.writeHead(302, { location: `${elsewhere}/blob`, ...linked }).end();
    };

    test('and they are right', async () => {
      says({ 'x-linked-etag': `"${sha256}"`, 'x-linked-size': String(content.length) });
      await expectContent(download(`${origin}/file`, quick));
    });

    test.each(['f'.repeat(64), `"${'f'.repeat(64)}"`])('and the bytes are others: %s', async (etag) => {
      says({ 'x-linked-etag': etag });
      await expect(download(`${origin}/file`, quick)).rejects.toThrow(
        `/file has the SHA-256 ${sha256} and not ${'f'.repeat(64)}`,
      );
    });

    test.each([1000, 400_000])('and fewer or more bytes come than %d', async (length) => {
      says({ 'x-linked-etag': `"${sha256}"`, 'x-linked-size': String(length) });
      const totals = new Set<number | undefined>();
      const onProgress = (received: number, total: number | undefined) => {
        expect(received).toBeLessThanOrEqual(length);
        totals.add(total);
      };
      await expect(download(`${origin}/file`, { ...quick, retries: 1, onProgress })).rejects.toThrow(
        new RegExp(`, after 2 attempts: \\d+ bytes came of ${length}\\.$`),
      );
      expect(totals).toEqual(new Set([length]));
    });

    test('and what is no SHA-256 is not compared, nor what the other host says', async () => {
      says({ 'x-linked-etag': `"${'a'.repeat(40)}"`, 'x-linked-size': 'large' });
      await expectContent(download(`${origin}/file`, quick));
      const lying = await otherOrigin((request, response) => {
        response.setHeader('x-linked-etag', `"${'f'.repeat(64)}"`);
        send(request, response);
      });
      handler = (_, response) => response.writeHead(302, { location: lying }).end();
      await expectContent(download(`${origin}/file`, quick));
    });
  });

  test('a network in one call, with its labels', async () => {
    const model = buildResNet(20, { classes: 2, seed: 1 });
    const files: Record<string, string | Uint8Array> = {
      '/Own/net/resolve/v2/model.safetensors': await encode(model),
      '/Own/net/resolve/v2/config.json': JSON.stringify({ id2label: { 0: 'no', 1: 'yes' } }),
    };
    handler = ({ url }, response) => response.writeHead(files[url!] ? 200 : 404).end(files[url!]);
    const copy = await load('hf://Own/net@v2/model.safetensors', { hub: { endpoint: origin }, cache: false });
    expect([copy.labels, copy.head!.weight.dataSync()]).toEqual([
      ['no', 'yes'],
      model.head!.weight.dataSync(),
    ]);
    model.dispose();
    copy.dispose();
  });

  test('asks for files next to the weights only where these do not say all themselves', async () => {
    const model = buildResNet(20, { classes: 2, seed: 1 });
    const asked = async (weights: Uint8Array) => {
      const urls: string[] = [];
      handler = ({ url }, response) => {
        urls.push(url!);
        response.writeHead(url === '/weights' ? 200 : 404).end(url === '/weights' ? weights : undefined);
      };
      (await load(`${origin}/weights`)).dispose();
      return urls;
    };
    expect(await asked(await encode(model))).toEqual(['/weights', '/config.json']);
    model.labels = ['no', 'yes'];
    expect(await asked(await encode(model))).toEqual(['/weights']);
    model.dispose();
  });
});
