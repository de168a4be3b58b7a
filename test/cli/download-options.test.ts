import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildResNet, encode } from '../../src/index.js';
import { closeServers, serve } from '../helpers/serve.js';
import { expectError, skipscale } from '../helpers/skipscale.js';
import { imageFile } from '../vision/golden-vision.js';

const image = imageFile('rgb.png');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-download-'));
  for (const name of ['a', 'b']) {
    mkdirSync(join(folder, 'data', name), { recursive: true });
    for (const i of [1, 2, 3]) copyFileSync(image, join(folder, 'data', name, `${i}.png`));
  }
});
afterAll(() => {
  closeServers();
  rmSync(folder, { recursive: true });
});

test('--no-config loads without the files next to the weights', async () => {
  const model = buildResNet(20, { seed: 1 });
  const weights = join(folder, 'model.safetensors');
  writeFileSync(weights, await encode(model));
  model.dispose();
  writeFileSync(join(folder, 'config.json'), '<html>');
  const command = ['classify', image, '--weights', weights];
  expectError(await skipscale(...command), /config\.json: .*--no-config on the command line/);
  expectError(await skipscale(...command, '--model', 'resnet20'), '--no-config on the command line');
  expect((await skipscale(...command, '--no-config')).stderr).toBe('');
  expect((await skipscale(...command, '--model', 'resnet20', '--no-config')).stderr).toBe('');
});

test.each([
  ['classify', [image, '--weights']],
  ['classify', [image, '--model', 'resnet20', '--weights']],
  ['train', ['data', '--from']],
])('--max-time ends a download: %s %j', async (command, [data, ...rest]) => {
  const origin = await serve((_, response) => response.writeHead(200).write('x'));
  const path = data === 'data' ? join(folder, 'data') : data!;
  const result = await skipscale(command, path, ...rest, `${origin}/x?key=hidden`, '--max-time', '0.1');
  expectError(result, 'cannot be fetched: it takes longer than 100 ms.');
  expect(result.stderr).not.toContain('hidden');
});

test.each(['--max-time', '--min-rate'])('%s takes a positive number', async (option) => {
  expectError(await skipscale('classify', image, option, '0'), 'Give a positive number.');
});
