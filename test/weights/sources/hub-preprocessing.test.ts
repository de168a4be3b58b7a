import * as tf from '@tensorflow/tfjs-core';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Preprocessing } from '../../../src/models/preprocessing.js';
import { preprocess } from '../../../src/vision/preprocess.js';
import { readHubConfig } from '../../../src/weights/sources/hub-config.js';
import { readGolden, relativeDistance, spread } from '../../helpers/golden.js';

interface Processor {
  'preprocessor_config.json': Record<string, unknown>;
  shape: [number, number, number];
  mean: number;
  std: number;
  spread: number[];
}

const { processors } = readGolden<{ processors: Record<string, Processor> }>('hub_preprocessing.json');
const photo = join(__dirname, '..', '..', '..', 'examples', 'photos', 'cat.jpg');

/** What is read of the file next to weights. */
async function read(config: Record<string, unknown>): Promise<Partial<Preprocessing> | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-hub-'));
  try {
    writeFileSync(join(folder, 'config.json'), '{}');
    writeFileSync(join(folder, 'preprocessor_config.json'), JSON.stringify(config));
    return (await readHubConfig(join(folder, 'model.safetensors'))).preprocessing;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each(Object.entries(processors))(
  '%s: a photo is prepared as the processor of transformers does',
  async (_, { 'preprocessor_config.json': config, shape, mean, std, spread: expected }) => {
    const preprocessing = (await read(config)) as Preprocessing;
    const x = await preprocess(photo, preprocessing);
    expect(x.shape).toEqual([1, ...shape]);
    const values = x.dataSync<'float32'>();
    x.dispose();
    expect(relativeDistance(spread(values, expected.length), expected, std)).toBeLessThan(1e-5);
    const average = values.reduce((a, b) => a + b, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((s, v) => s + (v - average) ** 2, 0) / values.length);
    expect((average - mean) / std).toBeCloseTo(0, 5);
    expect(deviation / std).toBeCloseTo(1, 5);
    expect(tf.memory().numTensors).toBe(0);
  },
);

test.each([
  { do_resize: false },
  { do_rescale: false },
  { do_normalize: false },
  { do_center_crop: true },
  { size: { height: 224, width: 260 } },
  { size: { longest_edge: 224 } },
  { resample: 1 },
  { image_std: [1, 2] },
  { rescale_factor: 'x' },
  { size: { height: 1e9, width: 1e9 } },
  { size: -224 },
  { size: { shortest_edge: 224.5 } },
  { size: '224' },
  { size: 224, crop_pct: 1e-9 },
  { crop_pct: 2 },
  { image_mean: [0.5, 0.5] },
  { image_mean: [0.5, 0.5, '0.5'] },
  { image_std: [1, 1, 0] },
  { image_std: [1, 1, -1] },
  { rescale_factor: 0 },
  { resample: 'foo' },
  { do_resize: 'yes' },
])('what cannot be, or cannot be followed, is refused with file, key and value: %j', async (change) => {
  const { 'preprocessor_config.json': config } = processors['google/efficientnet-b0']!;
  expect(await read(config)).toBeDefined();
  const [key, value] = Object.entries(change).at(-1)!;
  await expect(read({ ...config, ...change })).rejects.toThrow(
    `preprocessor_config.json: ${key} is ${JSON.stringify(value)}; expected `,
  );
});

test('what it does not say is left out', async () => {
  const { 'preprocessor_config.json': config } = processors['google/efficientnet-b0']!;
  expect(await read({ ...config, image_mean: null })).toBeUndefined();
  expect(await read({})).toBeUndefined();
});
