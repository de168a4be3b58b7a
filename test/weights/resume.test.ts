import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BLOCK = 64 * 1024;
const content = Uint8Array.from({ length: 40 * BLOCK + 123 }, (_, i) => (i * 7) >> 3);
const sha256 = createHash('sha256').update(content).digest('hex');

let folder: string;
let program: string;
let server: Server;
let endpoint: string;
let requests: IncomingMessage[];
let etag: string;
/** Waits before each block that the server sends, in milliseconds. */
let pause: number;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-resume-'));
  program = join(folder, 'fetch.mjs');
  await build({
    entryPoints: ['test/weights/sources/fetch-program.ts'],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    alias: { '#fetch': './src/core/fetch.node.ts', '#read-file': './src/core/read-file.node.ts' },
    external: ['undici'],
    logLevel: 'error',
  });
  server = createServer((request, response) => {
    requests.push(request);
    void send(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  requests = [];
  etag = '"v1"';
  pause = 3;
});
afterEach(() => rmSync(join(folder, 'cache'), { recursive: true, force: true }));
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

async function send({ headers }: IncomingMessage, response: ServerResponse): Promise<void> {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  const from = headers['if-range'] === etag ? start : 0;
  response.writeHead(from > 0 ? 206 : 200, {
    'content-length': content.length - from,
    etag,
    ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
  });
  for (let place = from; place < content.length && !response.destroyed; place += BLOCK) {
    response.write(content.subarray(place, place + BLOCK));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  response.end();
}

/**
 * What a process prints that fetches the file; with `killAfter`, it is killed when it has so many bytes.
 * @param onBegun - Told when it has some.
 */
function fetchInProcess(
  killAfter = Infinity,
  { shell, onBegun }: { shell?: string; onBegun?: () => void } = {},
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const command = [process.execPath, program, 'hf://a/b/c', endpoint];
    const [first, ...rest] =
      shell === undefined ? command : ['bash', '-c', `${shell}; exec "$@"`, '-', ...command];
    const child = spawn(first!, rest, { env: { ...process.env, SKIPSCALE_CACHE: join(folder, 'cache') } });
    let output = '';
    let errors = '';
    child.stderr.on('data', (data) => (errors += data));
    child.stdout.on('data', (data) => {
      output += data;
      const received = Number(/received (\d+)\n(?!.*received)/s.exec(output)?.[1] ?? 0);
      if (received > 0) onBegun?.();
      if (received > killAfter) child.kill('SIGKILL');
    });
    child.on('close', (code, signal) => {
      onBegun?.();
      if (code !== 0 && signal !== 'SIGKILL') reject(new Error(errors));
      else resolve(output.trim().split('\n'));
    });
  });
}

/** The files in the cache, without what is random in their names, and their sizes; of one begin, or of `begins` at most. */
function kept(begins = 1): Record<string, number> {
  const place = join(folder, 'cache', 'hub', endpoint.slice('http://'.length).replace(':', '_'), 'a/b/main');
  const names = readdirSync(place);
  const files = names.map((name) => [
    name.replace(/[\da-f]{8}-[-\da-f]{27}/, 'ID'),
    statSync(join(place, name)).size,
  ]);
  expect(files.filter(([name]) => name === partial).length).toBeLessThanOrEqual(begins);
  if (names.includes('c')) expect(Buffer.compare(readFileSync(join(place, 'c')), content)).toBe(0);
  return Object.fromEntries(files) as Record<string, number>;
}

const right = `sha256 ${sha256}`;
const whole = { c: content.length };
/** Of `"v1"`, in base64. */
const partial = 'c.InYxIg.ID.partial';

test('a process goes on where one that was killed has stopped', async () => {
  await fetchInProcess(10 * BLOCK);
  const { [partial]: size, ...others } = kept();
  expect(others).toEqual({});
  expect(size).toBeGreaterThan(10 * BLOCK);
  const output = await fetchInProcess();
  expect(output.at(-1)).toBe(right);
  expect(output[0]).toBe(`received ${size}`);
  expect(requests.map(({ headers }) => [headers.range, headers['if-range']])).toEqual([
    [undefined, undefined],
    [`bytes=${size}-`, etag],
  ]);
  expect(kept()).toEqual(whole);
});

test('of a file that changed meanwhile, it starts anew', async () => {
  await fetchInProcess(10 * BLOCK);
  etag = '"v2"';
  const output = await fetchInProcess();
  expect([output[0], output.at(-1)]).toEqual(['received 0', right]);
  expect(requests[1]!.headers['if-range']).toBe('"v1"');
  expect(kept()).toEqual(whole);
});

test('killed again and again, it leaves one file that grows, and ends', async () => {
  let before = 0;
  for (const killAfter of [3, 10, 30]) {
    await fetchInProcess(killAfter * BLOCK);
    const { [partial]: size, ...others } = kept();
    expect(others).toEqual({});
    expect(size).toBeGreaterThan(before);
    before = size!;
  }
  expect((await fetchInProcess()).at(-1)).toBe(right);
  expect(kept()).toEqual(whole);
});

test('processes at the same time get the file whole, though some are killed, and leave it whole', async () => {
  pause = 30;
  const running: Promise<string[]>[] = [];
  for (const blocks of [Infinity, 12, Infinity, 20, Infinity, Infinity]) {
    await new Promise<void>((onBegun) => running.push(fetchInProcess(blocks * BLOCK, { onBegun })));
  }
  const last = (await Promise.all(running)).map((lines) => lines.at(-1));
  expect(last.filter((line) => line === right).length).toBeGreaterThanOrEqual(4);
  expect(last.filter((line) => line !== right && !line!.startsWith('received'))).toEqual([]);
  // Some took over what others had: they did not ask for all.
  expect(requests.filter(({ headers }) => headers.range).length).toBeGreaterThan(0);
  expect((await fetchInProcess()).at(-1)).toBe(right);
  // Where both were killed after all others had begun, nobody took over what they had.
  expect(kept(2)).toMatchObject(whole);
});

test('where the disk takes a part only, the file is fetched all the same, and nothing is left', async () => {
  // No file of more than so many KiB.
  const output = await fetchInProcess(Infinity, { shell: 'ulimit -f 1024' });
  expect(output.at(-1)).toBe(right);
  expect(requests).toHaveLength(2);
  expect(kept()).toEqual({});
});
