import * as tf from '@tensorflow/tfjs-core';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '../../src/core/module.js';
import { buildModel, type ModelOptions } from '../../src/models/build-model.js';
import { exportOnnx } from '../../src/weights/onnx.js';
import { relativeDistance } from '../helpers/golden.js';
import { fillByRule, ruleInput } from '../helpers/torch-model.js';

const bench = join(__dirname, '..', '..', 'bench');
const describeWithOnnx = existsSync(join(bench, 'node_modules', 'onnxruntime-node'))
  ? describe
  : describe.skip;

interface Case {
  readonly name: string;
  readonly options?: ModelOptions;
  readonly fused?: boolean;
  readonly batch: number;
  readonly size: number;
}

// Odd sizes as well: padding at stride 2 differs there.
const cases: readonly Case[] = [
  { name: 'resnet18', batch: 2, size: 33 },
  { name: 'resnet50', options: { convention: 'keras' }, batch: 1, size: 32 },
  { name: 'resnet50', options: { includeTop: false }, fused: true, batch: 1, size: 33 },
  { name: 'resnet20', batch: 3, size: 17 },
  { name: 'resnet20', fused: true, batch: 1, size: 16 },
  { name: 'resnet20', options: { shortcut: 'none' }, batch: 2, size: 17 },
  { name: 'resnet50', options: { shortcut: 'none' }, fused: true, batch: 1, size: 33 },
  { name: 'efficientnet-b0', batch: 1, size: 33 },
  { name: 'efficientnet-b0', options: { convention: 'keras', includeTop: false }, batch: 2, size: 33 },
  { name: 'efficientnet-b0', options: { convention: 'timm-tf' }, fused: true, batch: 1, size: 32 },
  { name: 'efficientnet-lite0', batch: 1, size: 34 },
];

interface Output {
  runtime: string;
  shape: number[];
  values: number[];
}

describeWithOnnx('ONNX Runtime (of bench/node_modules) gives what predict gives', () => {
  test('within 1e-4 of a standard deviation, in Node and as WebAssembly', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'skipscale-onnx-'));
    const jobs: object[] = [];
    const expected: { shape: number[]; values: Float32Array }[] = [];
    for (const [i, { name, options, fused, batch, size }] of cases.entries()) {
      const model = buildModel(name, { initialize: false, classes: 5, ...options });
      fillByRule(model);
      const images = ruleInput(batch, size);
      const logits = model.predict(images);
      expected.push({ shape: logits.shape, values: logits.dataSync<'float32'>() });
      if (fused) model.fuse();
      const path = join(folder, `${i}.onnx`);
      const held = tf.memory().numTensors;
      writeFileSync(path, await exportOnnx(model));
      expect(tf.memory().numTensors).toBe(held);
      const planar = tf.transpose(images, [0, 3, 1, 2]);
      jobs.push({ model: path, shape: planar.shape, values: Array.from(planar.dataSync()) });
      tf.dispose([images, logits, planar]);
      model.dispose();
    }
    expect(tf.memory().numTensors).toBe(0);
    writeFileSync(join(folder, 'jobs.json'), JSON.stringify(jobs));
    const script = join(__dirname, '..', 'helpers', 'onnx-runtime.mjs');
    const text = execFileSync(
      process.execPath,
      [script, join(bench, 'package.json'), join(folder, 'jobs.json')],
      {
        encoding: 'utf8',
        maxBuffer: 2 ** 28,
      },
    );
    rmSync(folder, { recursive: true });
    const outputs = JSON.parse(text) as Output[];
    expect(outputs).toHaveLength(2 * cases.length);
    outputs.forEach(({ runtime, shape, values }, i) => {
      const wanted = expected[i % cases.length]!;
      expect([runtime, shape]).toEqual([runtime, wanted.shape]);
      expect(relativeDistance(values, wanted.values)).toBeLessThan(1e-4);
    });
  });
});

test('a block of another kind is refused by name', async () => {
  class Other extends Module {
    override forward(x: tf.Tensor4D): tf.Tensor4D {
      return x;
    }
  }
  const model = buildModel('resnet20', { initialize: false });
  const stage = model.stages[2] as Module[];
  stage.shift()!.dispose();
  stage.push(new Other());
  await expect(exportOnnx(model)).rejects.toThrow(
    'exportOnnx knows ResidualBlock and MBConv, and this model has Other; it cannot be exported.',
  );
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
});
