import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../../src/cli/run.js';
import { cacheFolder, clearCache, listCache, type CachedFile } from '../../../src/weights/sources/cache.js';
import type { FetchOptions } from '../../../src/weights/sources/fetch-source.js';
import { fetchSource } from '../../helpers/fetch-source.js';

const content = Uint8Array.from({ length: 100_000 }, (_, i) => i);
const sha256 = createHash('sha256').update(content).digest('hex');
const environment = process.env;

let folder: string;
let server: Server;
let requests: number;
let endpoint: string;
/** Where the file hf://a/b/c is kept. */
let kept: string;
/** Whether the server breaks off, and knows of no file from then on. */
let breaks: boolean;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-cache-'));
  process.env = { ...environment, SKIPSCALE_CACHE: folder };
  requests = 0;
  breaks = false;
  server = createServer(({ url, headers }, response) => {
    requests++;
    if (breaks && requests > 1) return response.writeHead(404).end();
    if (url !== '/a/b/resolve/main/c' && url !== '/x/model%20a.bin?y') return response.writeHead(404).end();
    const from = headers['if-range'] === '"v1"' ? Number(/\d+/.exec(headers.range!)![0]) : 0;
    response.writeHead(from > 0 ? 206 : 200, {
      etag: '"v1"',
      'content-length': content.length - from,
      ...(from > 0 && { 'content-range': `bytes ${from}-${content.length - 1}/${content.length}` }),
    });
    if (!breaks) return response.end(content.subarray(from));
    response.write(content.subarray(0, 60_000), () => setTimeout(() => response.destroy(), 20));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  endpoint = `http://127.0.0.1:${port}`;
  kept = join(folder, 'hub', `127.0.0.1_${port}`, 'a', 'b', 'main', 'c');
});

afterEach(async () => {
  process.env = environment;
  await close();
  rmSync(folder, { recursive: true, force: true });
});

async function close(): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

async function expectContent(options: FetchOptions = {}): Promise<void> {
  const bytes = await fetchSource('hf://a/b/c', { hub: { endpoint }, ...options });
  expect(Buffer.compare(bytes, content)).toBe(0);
}

test('a file is fetched once, and is there without the network', async () => {
  await expectContent();
  expect(Buffer.compare(readFileSync(kept), content)).toBe(0);
  await close();
  await expectContent();
  expect(requests).toBe(1);
});

test('without the cache, it is fetched each time and not kept', async () => {
  await expectContent({ cache: false });
  await expectContent({ cache: false });
  expect(requests).toBe(2);
  expect(await listCache()).toEqual([]);
});

test.each([
  ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
  ['a link to a device', (path: string) => symlinkSync('/dev/zero', path)],
])('%s in the place of a file is not read: the file takes its place', async (_, make) => {
  mkdirSync(dirname(kept), { recursive: true });
  for (const path of [kept, `${kept}.InYxIg.0.partial`]) make(path);
  await expectContent();
  expect(lstatSync(kept).isFile()).toBe(true);
  await expectContent();
  expect(requests).toBe(1);
});

test('a folder in the place of a file stays, and the file is fetched and not kept', async () => {
  mkdirSync(kept, { recursive: true });
  await expectContent();
  await expectContent();
  expect(lstatSync(kept).isDirectory()).toBe(true);
});

test('many at a time leave one whole file', async () => {
  await Promise.all(Array.from({ length: 10 }, () => expectContent()));
  expect(await listCache()).toEqual([{ path: kept, size: content.length, partial: false }]);
  await expectContent();
});

test('what cannot be fetched is not kept, and the error says where to put it', async () => {
  await expect(fetchSource('hf://a/b/none', { hub: { endpoint } })).rejects.toThrow(
    `the server answered 404. To work without the network, put the file at ${join(dirname(kept), 'none')}.`,
  );
  expect(await listCache()).toEqual([]);
});

test('where the disk takes no file, it is fetched all the same, and a folder that the user chose is named once', async () => {
  writeFileSync(join(folder, 'hub'), 'a file in the place of a folder');
  const warn = jest.spyOn(console, 'warn').mockReturnValue();
  await expectContent();
  await expectContent();
  expect(requests).toBe(2);
  expect(warn.mock.calls).toEqual([
    [
      expect.stringMatching(
        /^skipscale: SKIPSCALE_CACHE is '.*', and a download cannot be kept there \(.*\); give/,
      ),
    ],
  ]);
  warn.mockRestore();
});

describe('a download that breaks off', () => {
  beforeEach(async () => {
    breaks = true;
    await expect(expectContent()).rejects.toThrow('the server answered 404');
    breaks = false;
  });
  const begin = () => ({ path: expect.stringMatching(/c\.InYxIg\.[-\da-f]{36}\.partial$/), partial: true });

  test('leaves its begin, and the next one goes on there', async () => {
    expect(await listCache()).toEqual([{ ...begin(), size: 60_000 }]);
    const received: number[] = [];
    await expectContent({ onProgress: (bytes) => received.push(bytes) });
    expect(received[0]).toBe(60_000);
    expect(await listCache()).toEqual([{ path: kept, size: content.length, partial: false }]);
  });

  test('is not taken for that of a file whose name is longer', async () => {
    const [{ path }] = (await listCache()) as [CachedFile];
    const longer = path.replace(/c(\.[^.]*\.[^.]*\.partial)$/, 'c.d$1');
    renameSync(path, longer);
    const received: number[] = [];
    await expectContent({ onProgress: (bytes) => received.push(bytes) });
    expect(received[0]).toBe(0);
    expect((await listCache()).map(({ path }) => path)).toEqual([kept, longer]);
  });

  test('goes on from the longest of several, and none is left', async () => {
    const [{ path }] = (await listCache()) as [CachedFile];
    writeFileSync(path.replace('.partial', '1.partial'), content.subarray(0, 70_000));
    writeFileSync(path.replace('.partial', '2.partial'), content.subarray(0, 10));
    writeFileSync(path.replace('InYxIg', ''), 'without an ETag '.repeat(6000));
    const received: number[] = [];
    await expectContent({ onProgress: (bytes) => received.push(bytes) });
    expect(received[0]).toBe(70_000);
    expect(await listCache()).toEqual([{ path: kept, size: content.length, partial: false }]);
  });

  test('that has another SHA-256 in the end is an error, and nothing is left of it', async () => {
    await expect(expectContent({ sha256: 'f'.repeat(64) })).rejects.toThrow(
      `/c has the SHA-256 ${sha256} and not ${'f'.repeat(64)}`,
    );
    expect(await listCache()).toEqual([]);
  });

  test('is forgotten after a week, whatever is fetched then', async () => {
    const [{ path }] = (await listCache()) as [CachedFile];
    const other = path.replace(/c(\.[^.]*\.[^.]*\.partial)$/, 'other$1');
    const url = { cache: true, sha256 };
    const days = (count: number) => Date.now() / 1000 - count * 24 * 60 * 60;
    renameSync(path, other);
    utimesSync(other, days(6), days(6));
    await fetchSource(`${endpoint}/x/model%20a.bin?y`, url);
    expect((await listCache()).map(({ path }) => path)).toContain(other);
    utimesSync(other, days(8), days(8));
    await expectContent();
    expect((await listCache()).map(({ path }) => path)).not.toContain(other);
  });

  test('is cleared too, even under a download', async () => {
    await expectContent({ onProgress: () => rmSync(join(folder, 'hub'), { recursive: true, force: true }) });
    expect(await listCache()).toEqual([]);
    breaks = true;
    requests = 0;
    await expect(expectContent()).rejects.toThrow('404');
    expect(await listCache()).toHaveLength(1);
    await clearCache();
    expect(await listCache()).toEqual([]);
  });
});

describe('a URL', () => {
  const address = () => `${endpoint}/x/model%20a.bin?y`;

  test('is kept where its SHA-256 is given', async () => {
    const place = join(folder, 'url', sha256.slice(0, 8), 'model_20a.bin');
    for (let i = 0; i < 2; i++) {
      const bytes = await fetchSource(address(), { sha256: sha256.slice(0, 8).toUpperCase() });
      expect(Buffer.compare(bytes, content)).toBe(0);
    }
    expect(requests).toBe(1);
    expect(await listCache()).toEqual([{ path: place, size: content.length, partial: false }]);
    await clearCache();
    expect(await listCache()).toEqual([]);
  });

  test('is fetched each time without one, and without the cache', async () => {
    await fetchSource(address());
    await fetchSource(new URL(address()), { sha256, cache: false });
    expect(requests).toBe(2);
    expect(await listCache()).toEqual([]);
  });
});

test('what is kept and damaged is fetched again where the SHA-256 is given', async () => {
  await expectContent();
  writeFileSync(kept, 'damaged');
  await expectContent({ sha256 });
  expect(Buffer.compare(readFileSync(kept), content)).toBe(0);
  expect(requests).toBe(2);
});

test('clearing leaves what others have put into the folder', async () => {
  writeFileSync(join(folder, 'mine'), '');
  await expectContent();
  await clearCache();
  expect(await listCache()).toEqual([]);
  expect(readFileSync(join(folder, 'mine'))).toHaveLength(0);
  await clearCache();
});

test('the command line lists and clears', async () => {
  const log = jest.spyOn(console, 'log').mockImplementation();
  await expectContent();
  writeFileSync(`${kept}.InYxIg.x.partial`, 'begin');
  await run(['node', 'skipscale', 'cache', 'list']);
  await run(['node', 'skipscale', 'cache', 'clear']);
  await run(['node', 'skipscale', 'cache', 'list']);
  expect(log.mock.calls).toEqual([
    [`100000\t${kept}`],
    [expect.stringMatching(/^5\t.*c\.InYxIg\.x\.partial \(unfinished\)$/)],
    [`Nothing is kept in ${folder}.`],
  ]);
  log.mockRestore();
});

test('the folder of each platform', () => {
  const { platform } = process;
  const folderOn = (platform: string, env: Record<string, string>) => {
    Object.defineProperty(process, 'platform', { value: platform });
    process.env = env;
    return cacheFolder();
  };
  expect(folderOn('linux', {})).toBe(join(homedir(), '.cache', 'skipscale'));
  expect(folderOn('linux', { XDG_CACHE_HOME: '/x' })).toBe(join('/x', 'skipscale'));
  expect(folderOn('darwin', {})).toBe(join(homedir(), 'Library', 'Caches', 'skipscale'));
  expect(folderOn('win32', { LOCALAPPDATA: '/l' })).toBe(join('/l', 'skipscale'));
  Object.defineProperty(process, 'platform', { value: platform });
});
