import * as tf from '@tensorflow/tfjs-core';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel } from '../../src/models/build-model.js';
import type { ConventionName } from '../../src/models/conventions.js';
import type { SourceName } from '../../src/weights/names/name-map.js';
import type { EncodeSafetensorsOptions } from '../../src/weights/formats/safetensors.js';
import { encode } from '../../src/weights/encode.js';
import { relativeDistance } from '../helpers/golden.js';
import { fillByRule, ruleInput } from '../helpers/torch-model.js';

const python = process.env.SKIPSCALE_PYTHON;
const classes = 5;
const size = 64;

const cases: readonly (readonly [
  source: SourceName,
  network: string,
  model: string,
  convention: ConventionName,
  dtype: EncodeSafetensorsOptions['dtype'],
])[] = [
  ['torchvision', 'resnet18', 'resnet18', 'torchvision', 'F32'],
  ['torchvision', 'efficientnet_b0', 'efficientnet-b0', 'torchvision', 'F32'],
  ['torchvision', 'efficientnet_b0', 'efficientnet-b0', 'torchvision', 'F16'],
  ['torchvision', 'efficientnet_b0', 'efficientnet-b0', 'torchvision', 'BF16'],
  ['timm', 'resnet18', 'resnet18', 'torchvision', 'F32'],
  ['timm', 'efficientnet_b0', 'efficientnet-b0', 'timm', 'F32'],
  ['timm', 'tf_efficientnet_b0', 'efficientnet-b0', 'keras', 'F32'],
  ['timm', 'tf_efficientnet_lite0', 'efficientnet-lite0', 'timm-tf', 'F32'],
  ['huggingface', 'resnet-18', 'resnet18', 'torchvision', 'F32'],
  ['huggingface', 'efficientnet-b0', 'efficientnet-b0', 'keras', 'F32'],
];

/** How far rounding to a type may move the logits, in their standard deviations. */
const tolerances = { F32: 1e-4, F16: 0.02, BF16: 0.1 };

(python ? test : test.skip)(
  'load_state_dict(strict=True) of each source takes what encode wrote, and its logits are ours',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skipscale-saved-'));
    const expected: Float32Array[] = [];
    const jobs: object[] = [];
    for (const [i, [source, network, name, convention, dtype]] of cases.entries()) {
      const model = buildModel(name, { convention, classes, initialize: false });
      fillByRule(model);
      const file = join(folder, `${i}.safetensors`);
      writeFileSync(file, await encode(model, { names: source, dtype }));
      jobs.push({ source, network, classes, size, file });
      const images = ruleInput(1, size);
      const logits = model.predict(images);
      expected.push(logits.dataSync<'float32'>());
      tf.dispose([images, logits]);
      model.dispose();
    }
    writeFileSync(join(folder, 'jobs.json'), JSON.stringify(jobs));
    const script = join(__dirname, '..', 'golden', 'load_saved.py');
    const output = execFileSync(python!, [script, join(folder, 'jobs.json')], { encoding: 'utf8' });
    rmSync(folder, { recursive: true });
    const distances = (JSON.parse(output) as number[][]).map((logits, i) => {
      const distance = relativeDistance(logits, expected[i]!);
      return [...cases[i]!.slice(0, 2), distance < tolerances[cases[i]![4]!], distance];
    });
    expect(distances).toHaveLength(cases.length);
    expect(distances.filter(([, , close]) => !close)).toEqual([]);
    expect(tf.memory().numTensors).toBe(0);
  },
);
