import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { expectError, skipscale } from '../helpers/skipscale.js';

let folder: string, photo: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'explain-'));
  photo = join(folder, 'photo.png');
  const data = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => (i * i) % 256);
  await sharp(data, { raw: { width: 40, height: 30, channels: 3 } }).toFile(photo);
});

afterAll(() => rmSync(folder, { recursive: true }));

test('one picture', async () => {
  const out = join(folder, 'heat.png');
  const { status, stdout } = await skipscale('explain', photo, '--target', 'cat', '--out', out);
  expect([status, stdout]).toEqual([0, `${photo}: cat\nWritten to ${out}.\n`]);
  expect(await sharp(out).metadata()).toMatchObject({ width: 340, height: 256 });
});

test('all methods on a page, and a folder of pictures', async () => {
  const page = join(folder, 'page.html');
  const args = ['--method', 'all', '--samples', '8'];
  expect((await skipscale('explain', photo, ...args, '--out', page)).status).toBe(0);
  expect(readFileSync(page, 'utf8').match(/<img /g)).toHaveLength(14);
  const out = join(folder, 'maps');
  const methods = 'grad-cam-plus-plus,occlusion';
  expect((await skipscale('explain', photo, photo, '--method', methods, '--out', out)).status).toBe(0);
  expect(readdirSync(out).sort()).toEqual([
    'photo-2-grad-cam-plus-plus.png',
    'photo-2-occlusion.png',
    'photo-grad-cam-plus-plus.png',
    'photo-occlusion.png',
  ]);
});

test('what does not fit', async () => {
  expectError(await skipscale('explain', photo, '--method', 'gradcam'), /--method gradcam is not known/);
  expectError(await skipscale('explain', photo, '--method', 'all', '--out', 'a.png'), /takes one picture/);
  expectError(await skipscale('explain', photo, '--out', 'a.gif'), /no .html or .png file/);
  expectError(await skipscale('explain', photo, '--layer', 'head'), /gives \[1,10\], no map/);
  expectError(await skipscale('explain', photo, '--samples', '5'), /--samples is for smooth-grad/);
  expectError(await skipscale('explain', photo, '--target', 'cow'), /target is the string 'cow'/);
  expectError(await skipscale('explain', join(folder, 'none.jpg')), /none.jpg/);
  const lost = await skipscale('explain', photo, '--out', join(folder, 'none', 'page.html'));
  expectError(lost, /page.html cannot be written: the folder is not there/);
  expect(lost.stdout).toBe(''); // Before the work, which would be lost.
});
