import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from '../../src/cli/run.js';
import { cacheFolder, clearCache, listCache } from '../../src/weights/cache.js';
import { fetchSource, type FetchOptions } from '../../src/weights/fetch-source.js';

const content = Uint8Array.from({ length: 100_000 }, (_, i) => i);
const environment = process.env;

let folder: string;
let server: Server;
let requests: number;
let endpoint: string;
/** Where the file hf://a/b/c is kept. */
let kept: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-cache-'));
  process.env = { ...environment, SKIPSCALE_CACHE: folder };
  requests = 0;
  server = createServer(({ url }, response) => {
    requests++;
    if (url === '/a/b/resolve/main/c') response.end(content);
    else response.writeHead(404).end();
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

test('where the disk takes no file, it is fetched all the same', async () => {
  writeFileSync(join(folder, 'hub'), 'a file in the place of a folder');
  await expectContent();
  await expectContent();
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
  await run(['node', 'skipscale', 'cache', 'list']);
  await run(['node', 'skipscale', 'cache', 'clear']);
  await run(['node', 'skipscale', 'cache', 'list']);
  expect(log.mock.calls).toEqual([[`100000\t${kept}`], [`Nothing is kept in ${folder}.`]]);
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
