import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createRawServer, type AddressInfo } from 'node:net';
import { buildResNet } from '../../src/models/resnet.js';
import { download } from '../../src/weights/download.js';
import { hubFile } from '../../src/weights/hub.js';
import { load } from '../../src/weights/load.js';
import { saveWeights } from '../../src/weights/save-weights.js';

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) >> 3);
const quick = { retryTime: 1, stallTime: 2000 };

type Handler = (request: IncomingMessage, response: ServerResponse, attempt: number) => void;

let handler: Handler;
let requests: IncomingMessage[];
let server: Server;
let origin: string;

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
    const other = createServer((request, response) => {
      received.push(request.headers.authorization);
      response.writeHead(403).end();
    });
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    handler = (_, response) =>
      response
        .writeHead(302, { location: `http://localhost:${(other.address() as AddressInfo).port}/blob` })
        .end();
    const { url, headers } = hubFile('hf://a/b/c', { endpoint: origin, token: 'secret' });
    const error: unknown = await download(url, { ...quick, headers }).catch((error: unknown) => error);
    expect((error as Error).message).toMatch(/resolve\/main\/c cannot be fetched: the server answered 403/);
    expect(JSON.stringify([String(error), (error as Error).stack])).not.toContain('secret');
    expect(requests[0]!.headers.authorization).toBe('Bearer secret');
    expect(received).toEqual([undefined]);
    other.closeAllConnections();
    other.close();
  });

  test('a network in one call, with its labels', async () => {
    const model = buildResNet(20, { classes: 2, seed: 1 });
    const files: Record<string, string | Uint8Array> = {
      '/Own/net/resolve/v2/model.safetensors': await saveWeights(model),
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
});
