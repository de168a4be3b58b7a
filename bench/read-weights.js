/**
 * Reading a checkpoint of ResNet-50, about 100 MB: the time and the memory that `load` takes, compared with those of
 * reading the file's bytes and making tensors of them. Each run has a process of its own, in which the model stands before.
 *
 *     npm run build && node bench/read-weights.js
 *
 * Memory is what the process holds at its peak, less what it held before; the model's variables are there before and
 * after. The tensors of `bytes into tensors` are views on the file's bytes from its start, one after the other, copied into
 * the backend; all of them are kept.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs-core';
import { buildModel, encode, load } from 'skipscale';
import { median } from './peer.js';

const ROUNDS = 11;
const MEBIBYTE = 2 ** 20;

const files = {
  safetensors: { convention: 'torchvision', format: 'safetensors' },
  'Keras .weights.h5': { convention: 'keras', format: 'weights.h5' },
};

/** The bytes of a file, and tensors of these shapes of them. */
async function readTensors(path, shapes) {
  const { buffer, byteOffset } = await readFile(path);
  let place = byteOffset;
  return shapes.map((shape) => {
    const size = tf.util.sizeFromShape(shape);
    const values = new Float32Array(buffer, place, size);
    place += 4 * size;
    return tf.tensor(values, shape);
  });
}

/** Milliseconds and bytes that a way of reading takes in this process. */
async function measure(way, convention, path) {
  const model = buildModel('resnet50', { convention, initialize: false });
  const shapes = model.variables().map(({ shape }) => shape);
  await tf.backend().started?.(); // The threads of simd.
  globalThis.gc();
  const before = process.memoryUsage.rss();
  const start = performance.now();
  await (way === 'load' ? load(model, path) : readTensors(path, shapes));
  const time = performance.now() - start;
  return { time, memory: process.resourceUsage().maxRSS * 1024 - before };
}

async function writeFiles(folder) {
  for (const [name, { convention, format }] of Object.entries(files)) {
    const model = buildModel('resnet50', { convention });
    writeFileSync(join(folder, name), await encode(model, { format }));
    model.dispose();
  }
}

/** What {@link measure} gives in a process of its own. */
function run(way, name, folder) {
  const bench = fileURLToPath(import.meta.url);
  const args = ['--expose-gc', bench, way, files[name].convention, join(folder, name)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

function report(folder) {
  console.log('| file | | time | times | memory added | times the file |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const name of Object.keys(files)) {
    const { size } = statSync(join(folder, name));
    const ways = { 'bytes into tensors': [], load: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const way of Object.keys(ways)) ways[way].push(run(way, name, folder));
    }
    const middle = (way, key) => median(ways[way].map((result) => result[key]));
    for (const way of Object.keys(ways)) {
      const [time, memory] = [middle(way, 'time'), middle(way, 'memory')];
      const cells = [
        `${name}, ${(size / 1e6).toFixed(0)} MB`,
        way,
        `${time.toFixed(0)} ms`,
        (time / middle('bytes into tensors', 'time')).toFixed(2),
        `${(memory / MEBIBYTE).toFixed(0)} MiB`,
        (memory / size).toFixed(2),
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}

if (process.argv[2]) {
  console.log(JSON.stringify(await measure(...process.argv.slice(2))));
} else {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-bench-'));
  try {
    await writeFiles(folder);
    report(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
