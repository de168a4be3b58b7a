import * as tf from '@tensorflow/tfjs-core';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pretrainedModel } from '../../src/cli/start-model.js';
import { buildResNet } from '../../src/models/resnet.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/weights/formats/safetensors.js';
import { encode } from '../../src/weights/encode.js';

test('train --from a file whose head is left out starts with a new head of the classes of the data', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-start-'));
  const from = join(folder, 'mine.safetensors');
  const original = buildResNet(20, { seed: 1 });
  const { tensors } = decodeSafetensors(await encode(original));
  const renamed = Array.from(tensors, ([key, tensor]) => {
    const values = { shape: tensor.shape, values: tensor.toFloat32() };
    return [key.replace(/^(fc|linear)\./, 'head.3.'), values] as const;
  });
  writeFileSync(from, encodeSafetensors(new Map(renamed)));
  const note = jest.spyOn(console, 'error').mockImplementation(() => {});
  try {
    for (const model of [undefined, 'resnet20']) {
      const options = { from, model, seed: 2 };
      await expect(pretrainedModel(options, 3)).rejects.toThrow(
        /mine\.safetensors: .*'head\.3' \[10,64\].*--head/,
      );
      const { model: network } = await pretrainedModel({ ...options, head: false }, 3);
      expect(network.classes).toBe(3);
      expect(network.head!.weight.dataSync().some((x) => x !== 0)).toBe(true);
      expect(network.stem.conv.weight.dataSync()).toEqual(original.stem.conv.weight.dataSync());
      network.dispose();
    }
    expect(note).toHaveBeenLastCalledWith(expect.stringContaining('left out head.3.weight, head.3.bias.'));
  } finally {
    note.mockRestore();
    original.dispose();
    rmSync(folder, { recursive: true });
  }
  expect(tf.memory().numTensors).toBe(0);
});
