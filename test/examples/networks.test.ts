import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { plainCnnExample } from '../../examples/networks/plain-cnn.js';
import { uNetExample } from '../../examples/networks/u-net.js';
import { OnnxRuntimes, runtimes } from '../helpers/onnx-runtimes.js';

let printed: string;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'networks-'));
  printed = '';
  jest.spyOn(console, 'log').mockImplementation((...values) => void (printed += `${values.join(' ')}\n`));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  jest.restoreAllMocks();
  expect(tf.memory().numTensors).toBe(0);
});

const onnxRuntimes = new OnnxRuntimes();
afterAll(() => onnxRuntimes.close());

/** The shapes that ONNX Runtime gives for images of a batch of 2. */
async function shapesOf(file: Uint8Array): Promise<(readonly number[])[]> {
  const images = { shape: [2, 3, 16, 16], values: new Float32Array(2 * 3 * 16 * 16).fill(0.5) };
  return (await onnxRuntimes.run(file, [{ input: images }])).map(({ shape }) => shape);
}

test('the plain network learns, and its copy from a file recognises new images', async () => {
  const { recognised, onnx } = await plainCnnExample(join(folder, 'net.safetensors'));
  expect(recognised).toBeGreaterThan(0.9);
  expect(printed).toContain('layers.2.conv');
  expect(await shapesOf(onnx)).toEqual(runtimes.map(() => [2, 3]));
});

test('the U-Net learns, and its copy from a file finds the squares in new images', async () => {
  const { first, last, right, onnx } = await uNetExample(32, join(folder, 'net.safetensors'));
  expect(last).toBeLessThan(0.7 * first);
  expect(printed).toContain('up.0.conv');
  // Three of four pixels belong to no square.
  expect(right).toBeGreaterThan(0.8);
  expect(await shapesOf(onnx)).toEqual(runtimes.map(() => [2, 1, 16, 16]));
});
