import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readFile as readInBrowser } from '../../src/core/read-file.browser.js';
import { readFile } from '../../src/core/read-file.node.js';
import { readBytes } from '../../src/training/data/read-bytes.js';
import { decodeImage } from '../../src/vision/decode-image.node.js';
import { load } from '../../src/weights/load.js';

const bytes = Uint8Array.from({ length: 300 }, (_, i) => i);
let folder: string;
let path: string;
let server: Server;
let origin: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-file-'));
  path = join(folder, 'a file.bin');
  await writeFile(path, bytes);
  server = createServer((request, response) => {
    if (request.url === '/file') response.end(bytes);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

test.each<[string, () => string | URL]>([
  ['a path', () => path],
  ['a file URL', () => pathToFileURL(path)],
  ['a file URL as a string', () => pathToFileURL(path).href],
  ['an http URL', () => new URL('/file', origin)],
  ['an http URL as a string', () => `${origin}/file`],
])('reads %s', async (_, source) => {
  expect(Uint8Array.from(await readFile(source()))).toEqual(bytes);
});

test('in a browser, reads a URL', async () => {
  expect(await readInBrowser(`${origin}/file`)).toEqual(bytes);
  await expect(readInBrowser(`${origin}/none`)).rejects.toThrow(/none cannot be fetched.*404/);
});

test('an error names the source and the reason', async () => {
  await expect(readFile(join(folder, 'none'))).rejects.toThrow(
    /none cannot be read \(ENOENT.*Check the path/,
  );
  await expect(readFile(`${origin}/none`)).rejects.toThrow(/none cannot be fetched: the server answered 404/);
  const closed = createServer();
  await new Promise<void>((resolve) => closed.listen(0, '127.0.0.1', resolve));
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  await expect(readFile(`http://127.0.0.1:${port}/`)).rejects.toThrow(
    /127\.0\.0\.1:\d+\/ cannot be fetched: connect ECONNREFUSED/,
  );
});

test.each([
  ['a pipe', (path: string) => execFileSync('mkfifo', [path])],
  ['a device', (path: string) => symlinkSync('/dev/zero', path)],
])('%s is refused at once, by name: it may never end', async (kind, make) => {
  const path = join(folder, kind.replace(' ', '-'));
  make(path);
  const began = performance.now();
  await expect(readFile(path)).rejects.toThrow(`${path} is ${kind}, which may never end; write it to a file`);
  await expect(decodeImage(path)).rejects.toThrow(`${path} is ${kind}`);
  await expect(readBytes(path)).rejects.toThrow(`${path} cannot be read (it is a pipe or device`);
  await expect(load(path)).rejects.toThrow(`${path} is ${kind}`);
  expect(performance.now() - began).toBeLessThan(10_000);
});

test.each([decodeImage, load])('an empty file is named: %p', async (read) => {
  const path = join(folder, 'empty');
  await writeFile(path, '');
  await expect(read(path)).rejects.toThrow(path);
});

test('data and blob URLs', async () => {
  expect(new TextDecoder().decode(await readFile('data:,weights'))).toBe('weights');
  const url = URL.createObjectURL(new Blob(['weights']));
  expect(new TextDecoder().decode(await readFile(url))).toBe('weights');
  URL.revokeObjectURL(url);
  await expect(readFile(url)).rejects.toThrow(`${url} cannot be read`);
});

test('a folder is distinguished from a file that cannot be read', async () => {
  await expect(readFile(__dirname)).rejects.toThrow(
    `${__dirname} is a folder; give the path of a file in it.`,
  );
});

test('a file larger than maxBytes is refused before it is read', async () => {
  const sparse = join(folder, 'sparse');
  await writeFile(sparse, 'x');
  await truncate(sparse, 1.9e9);
  const began = performance.now();
  await expect(readFile(sparse, { maxBytes: 1000 })).rejects.toThrow(
    `${sparse} is a file of 1900000000 bytes, and 1000 are the limit.`,
  );
  await expect(readFile(path, { maxBytes: 299 })).rejects.toThrow('299 are the limit');
  expect(await readFile(path, { maxBytes: 300 })).toHaveLength(300);
  for (const read of [readFile, readInBrowser]) {
    await expect(read(`${origin}/file`, { maxBytes: 299 })).rejects.toThrow('it has 300 bytes or more');
  }
  expect(performance.now() - began).toBeLessThan(10_000);
});
