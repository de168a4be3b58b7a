import { createServer as createRawServer, type Server } from 'node:net';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { download } from '../../src/core/download.js';
import { fetchBytes } from '../../src/core/fetch-bytes.js';
import { MemoryStore } from '../../src/core/store.js';
import type { TransferLimits } from '../../src/core/transfer-limits.js';
import { fetchSource } from '../helpers/fetch-source.js';
import { closeServers, listen, serve } from '../helpers/serve.js';

const quick = { retryTime: 1, retries: 1 };

afterEach(closeServers);

/** Sends a byte every few milliseconds, for ever; counts the requests. */
async function trickle() {
  const counts = { requests: 0 };
  const origin = await serve((_, response) => {
    counts.requests++;
    response.writeHead(200);
    const timer = setInterval(() => response.write('x'), 5);
    response.on('close', () => clearInterval(timer));
  });
  return { origin, counts };
}

test('a byte now and then does not keep a transfer alive: minRate ends it, after another try', async () => {
  const { origin, counts } = await trickle();
  const limits = { ...quick, stallTime: 1000, minRate: 1000, rateTime: 100 };
  await expect(download(`${origin}/x`, limits)).rejects.toThrow(
    /\/x cannot be fetched, after 2 attempts: \d+ bytes came in 100 ms, and minRate is 1000 a second\.$/,
  );
  expect(counts.requests).toBe(2);
});

test('maxTime ends all tries together', async () => {
  const { origin, counts } = await trickle();
  const began = performance.now();
  await expect(download(`${origin}/x`, { maxTime: 150 })).rejects.toThrow(
    '/x cannot be fetched: it takes longer than 150 ms.',
  );
  expect(counts.requests).toBe(1);
  const failing = await serve((_, response) => response.writeHead(503).end());
  await expect(download(failing, { maxTime: 150, retryTime: 40 })).rejects.toThrow(
    /after \d attempts: (the server answered 503|it takes longer than 150 ms)/,
  );
  expect(performance.now() - began).toBeLessThan(3000);
});

test('the limits of loading and of images are the same', async () => {
  const { origin } = await trickle();
  await expect(fetchSource(origin, { limits: { maxTime: 50 } })).rejects.toThrow(
    'it takes longer than 50 ms',
  );
  await expect(fetchBytes(origin, { maxTime: 50 })).rejects.toThrow('it takes longer than 50 ms');
});

test('a transfer that is fast enough is not ended', async () => {
  const origin = await serve((_, response) => {
    response.writeHead(200);
    let blocks = 0;
    const timer = setInterval(() => {
      response.write(new Uint8Array(1000));
      if (++blocks < 40) return;
      clearInterval(timer);
      response.end();
    }, 5);
  });
  const bytes = await download(origin, { retries: 0, minRate: 1000, rateTime: 50, stallTime: 1000 });
  expect(bytes).toHaveLength(40_000);
});

describe('from a server without HTTP of its own', () => {
  let server: Server;
  afterEach(() => server.close());

  test('headers that come a byte at a time end with the stall', async () => {
    server = createRawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
      const timer = setInterval(() => socket.write('x'), 10);
      socket.on('error', () => undefined).on('close', () => clearInterval(timer));
    });
    const url = await listen(server);
    await expect(download(url, { ...quick, stallTime: 100 })).rejects.toThrow('nothing came for 100 ms');
  });

  test('headers without an end are an error', async () => {
    server = createRawServer((socket) => {
      socket.on('error', () => undefined);
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write(`x: ${'y'.repeat(10_000)}\r\n`), 1);
      socket.on('close', () => clearInterval(timer));
    });
    const url = await listen(server);
    await expect(download(url, { ...quick, stallTime: 1000 })).rejects.toThrow('cannot be fetched');
  });

  test('a connection that is reset is an error, after another try', async () => {
    let connections = 0;
    server = createRawServer((socket) => {
      connections++;
      socket.on('error', () => undefined).resetAndDestroy();
    });
    await expect(download(await listen(server), quick)).rejects.toThrow(/after 2 attempts: .*ECONNRESET/);
    expect(connections).toBe(2);
  });
});

/** Collects nothing, and knows the most that was in it. */
class CountingStore extends MemoryStore {
  most = 0;
  override async append(chunk: Uint8Array): Promise<void> {
    this.received += chunk.length;
    this.most = Math.max(this.most, this.received);
  }
}

/** Downloads what is too much; the error, and how much was collected. */
async function tooMuch(url: string, limits: TransferLimits): Promise<[string, number]> {
  const store = new CountingStore();
  const error: unknown = await download(url, { ...quick, ...limits, store }).catch((error: unknown) => error);
  expect([store.received, await store.bytes()]).toEqual([0, new Uint8Array()]);
  return [(error as Error).message, store.most];
}

test('a file without a stated length and without an end is cut off at maxBytes', async () => {
  const origin = await serve((_, response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(new Uint8Array(2 ** 16)));
    };
    response.on('drain', more);
    more();
  });
  const [message, most] = await tooMuch(origin, { maxBytes: 1_000_000 });
  expect(message).toMatch(/cannot be fetched: it has \d+ bytes or more, and maxBytes is 1000000\.$/);
  expect(most).toBeLessThanOrEqual(1_000_000);
});

test('a file whose stated length is more than maxBytes is refused before it comes', async () => {
  const origin = await serve((_, response) => {
    response.writeHead(200, { 'content-length': 1e12 }).write('x');
  });
  const [message, most] = await tooMuch(origin, {});
  expect(message).toContain('it has 1000000000000 bytes or more, and maxBytes is 2147483648.');
  expect(most).toBe(0);
});

const zeros = new Uint8Array(2 ** 26);
test.each([
  ['gzip', gzipSync(zeros)],
  ['br', brotliCompressSync(zeros)],
])('an answer in %s that unpacks to a thousand times its size is cut off', async (encoding, bytes) => {
  const origin = await serve((_, response) =>
    response.writeHead(200, { 'content-encoding': encoding, 'content-length': bytes.length }).end(bytes),
  );
  const began = performance.now();
  const [message, most] = await tooMuch(origin, {});
  expect(message).toContain('it unpacks to more than 100 times the bytes that the server sent.');
  expect(most).toBeLessThanOrEqual(bytes.length * 100 + 2 ** 16);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('an answer in gzip without a length is cut off at maxBytes', async () => {
  const bytes = gzipSync(zeros);
  const origin = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).write(bytes);
    response.end();
  });
  const [message, most] = await tooMuch(origin, { maxBytes: 1_000_000 });
  expect(message).toContain('and maxBytes is 1000000.');
  expect(most).toBeLessThanOrEqual(1_000_000);
});

test.each<[string, (bytes: Uint8Array) => Uint8Array]>([
  ['gzip', gzipSync],
  ['br', (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 2 } })],
  ['deflate', deflateSync],
  ['gzip, gzip', (bytes) => gzipSync(gzipSync(bytes))],
])('an answer in %s without a length is cut off at 64 MiB', async (encoding, pack) => {
  const bytes = pack(new Uint8Array(2 ** 27));
  const origin = await serve((_, response) => {
    response.writeHead(200, { 'content-encoding': encoding }).write(bytes);
    response.end();
  });
  const began = performance.now();
  const [message, most] = await tooMuch(origin, {});
  expect(message).toMatch(
    /cannot be fetched: the server compressed it, .* without a Content-Length, and it unpacks to more than 67108864 bytes; let/,
  );
  expect(most).toBeLessThanOrEqual(2 ** 26);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test('what checkHead refuses is not fetched to its end', async () => {
  const origin = await serve((_, response) => {
    const more = () => {
      while (!response.destroyed && response.write(new Uint8Array(2 ** 16)));
    };
    response.on('drain', more);
    more();
  });
  const checkHead = () => {
    throw new Error('not wanted');
  };
  await expect(download(origin, { ...quick, checkHead })).rejects.toThrow('not wanted');
});

test('a page of HTML is refused, after another try; an endless one too', async () => {
  let requests = 0;
  const page = '\ufeff\n<!-- hello -->\n<!DOCTYPE html><html><body>Please log in</body></html>';
  const origin = await serve(({ url }, response) => {
    requests++;
    if (url === '/page') return response.end(page);
    response.write(page);
    const more = () => {
      while (!response.destroyed && response.write('<p>more</p>'.repeat(1000)));
    };
    response.on('drain', more);
    more();
  });
  for (const path of ['/page', '/endless']) {
    requests = 0;
    await expect(download(origin + path, { retryTime: 1 })).rejects.toThrow(
      `${path} cannot be fetched, after 2 attempts: the server answered with a page of HTML in the place of the file; ` +
        'open the address in a browser to see what it says.',
    );
    expect(requests).toBe(2);
  }
});

test('an empty file is refused, after another try', async () => {
  const origin = await serve((_, response) => response.end());
  await expect(download(`${origin}/x`, { retryTime: 1 })).rejects.toThrow(
    '/x cannot be fetched, after 2 attempts: it is empty.',
  );
});

test.each([
  { maxTime: -1 },
  { minRate: NaN },
  { maxBytes: '1e9' as unknown as number },
  { retries: -2 },
  { stallTime: null as unknown as number, rateTime: -1 },
])('%j is no limit', async (limits) => {
  const [name, value] = Object.entries(limits).at(-1)!;
  await expect(download('http://127.0.0.1:1', limits)).rejects.toThrow(
    `${name} is ${String(value)}; give a number of at least 0, or Infinity for no limit.`,
  );
});

test('Infinity is no limit', async () => {
  const origin = await serve((_, response) => response.end('weights'));
  const limits = {
    stallTime: Infinity,
    minRate: 0,
    rateTime: Infinity,
    maxTime: Infinity,
    maxBytes: Infinity,
  };
  expect(await download(origin, limits)).toHaveLength(7);
});
