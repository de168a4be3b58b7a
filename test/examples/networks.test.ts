import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { plainCnnExample } from '../../examples/networks/plain-cnn.js';
import { uNetExample } from '../../examples/networks/u-net.js';

let printed: string;
beforeEach(() => {
  printed = '';
  jest.spyOn(console, 'log').mockImplementation((...values) => void (printed += `${values.join(' ')}\n`));
});
afterEach(() => {
  jest.restoreAllMocks();
  expect(tf.memory().numTensors).toBe(0);
});

test('the plain network learns, and its copy from a file recognises new images', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'networks-'));
  expect(await plainCnnExample(join(folder, 'net.safetensors'))).toBeGreaterThan(0.9);
  rmSync(folder, { recursive: true });
  expect(printed).toContain('layers.2.conv');
});

test('the U-Net learns', () => {
  const [first, last] = uNetExample(12);
  expect(last).toBeLessThan(0.7 * first);
  expect(printed).toContain('up.0.conv');
});
