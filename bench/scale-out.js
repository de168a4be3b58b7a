/**
 * Times the prediction of many images, and the server (npm run build first):
 *
 *     node bench/scale-out.js predict [resnet50] [images]   # photos of 500 x 375 through `skipscale predict`, by its workers
 *     node bench/scale-out.js serve [resnet50] [workers]    # latency at half load and at twice the load
 *     node bench/scale-out.js list [lines]                  # memory over a list of so many paths, none of which is there
 *
 * Weights are random: they change no time. `predict` compares with the network alone, on squares that are in memory, in its best batch.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import * as tf from '@tensorflow/tfjs-core';
import { buildModel, ready, save } from 'skipscale';

const program = join(import.meta.dirname, '../dist/esm/cli/main.js');
const folder = mkdtempSync(join(tmpdir(), 'skipscale-bench-'));
const [, , mode = 'predict', ...args] = process.argv;
const median = (values) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];

try {
  await { predict: benchPredict, serve: benchServe, list: benchList }[mode](...args);
} finally {
  rmSync(folder, { recursive: true });
}

async function photo(i) {
  const cat = join(import.meta.dirname, '../examples/photos/cat.jpg');
  const image = sharp(cat)
    .resize(500, 375, { fit: 'fill' })
    .modulate({ brightness: 0.8 + (i % 40) / 100 });
  return image.jpeg({ quality: 90 }).toBuffer();
}

/** The network, in a file, and the seconds that it takes for an image in its best batch. */
async function network(name) {
  await ready();
  const model = buildModel(name);
  const weights = join(folder, 'model.safetensors');
  await save(model, weights);
  model.fuse();
  const { size } = model.preprocessing;
  const times = [8, 16, 32].map((batch) => {
    const x = tf.randomUniform([batch, size, size, 3]);
    const runs = Array.from({ length: 4 }, () => {
      const begin = performance.now();
      const y = model.predict(x);
      y.dataSync();
      y.dispose();
      return (performance.now() - begin) / 1000 / batch;
    });
    x.dispose();
    return median(runs.slice(1));
  });
  model.dispose();
  return { weights, seconds: Math.min(...times) };
}

async function benchPredict(name = 'resnet50', count = '256') {
  const images = join(folder, 'images');
  mkdirSync(images);
  for (let i = 0; i < Number(count); i++) {
    writeFileSync(join(images, `${String(i).padStart(6, '0')}.jpg`), await photo(i));
  }
  const first = await network(name);
  console.log(`${availableParallelism()} cores, ${count} photos, ${name}; images/s:`);
  for (let round = 1; round <= 3; round++) {
    const { seconds } = round === 1 ? first : await network(name);
    const speeds = ['0', '1', '2'].map((workers) => {
      const out = join(folder, 'rows.jsonl');
      const options = ['--weights', first.weights, '--out', out, '--workers', workers];
      execFileSync(process.execPath, [program, 'predict', images, ...options], { stdio: 'pipe' });
      const manifest = JSON.parse(readFileSync(`${out}.manifest.json`, 'utf8'));
      return `${workers} workers ${(manifest.counts.images / manifest.seconds).toFixed(2)}`;
    });
    console.log(`the network alone ${(1 / seconds).toFixed(2)}, predict with ${speeds.join(', ')}`);
  }
}

async function benchServe(name = 'resnet50', workers = '1') {
  const { weights, seconds } = await network(name);
  const server = spawn(process.execPath, [
    program,
    'serve',
    '--weights',
    weights,
    '--port',
    '0',
    '--workers',
    workers,
  ]);
  const url = await new Promise((resolve) =>
    server.stdout.on('data', (text) => resolve(/http:\S+/.exec(String(text))[0])),
  );
  const body = await photo(0);
  const send = async () => {
    const begin = performance.now();
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'image/jpeg' }, body });
    await answer.arrayBuffer();
    return { status: answer.status, time: performance.now() - begin };
  };
  for (let i = 0; i < 8; i++) await send();
  for (const load of [0.5, 2]) {
    const sent = [];
    const [rate, time] = [load / seconds, 15];
    for (let i = 0; i < rate * time; i++) {
      sent.push(send());
      await new Promise((resolve) => setTimeout(resolve, 1000 / rate));
    }
    const answers = await Promise.all(sent);
    const good = answers.filter(({ status }) => status === 200).map((answer) => answer.time);
    const refused = answers.filter(({ status }) => status === 503).map((answer) => answer.time);
    good.sort((a, b) => a - b);
    const at = (share) => good[Math.floor(share * (good.length - 1))].toFixed(0);
    console.log(
      `${load} of the load, ${rate.toFixed(1)} requests/s: ${good.length} answered, half in ${at(0.5)} ms, 99 % in ${at(0.99)} ms; ` +
        `${refused.length} refused${refused.length ? `, half in ${median(refused).toFixed(0)} ms` : ''}; ` +
        `${answers.length - good.length - refused.length} lost`,
    );
  }
  server.kill('SIGTERM');
  console.log(`it ended with ${await new Promise((resolve) => server.on('exit', resolve))}`);
}

async function benchList(lines = '10000000') {
  const list = join(folder, 'list.txt');
  const file = createWriteStream(list);
  for (let i = 0; i < Number(lines); i++) {
    if (!file.write(`photos/${i % 1000}/${i}.jpg\n`))
      await new Promise((resolve) => file.once('drain', resolve));
  }
  await new Promise((resolve) => file.end(resolve));
  // The part that has no batch of the list: all is read, and nothing predicted.
  const options = ['--out', join(folder, 'rows.jsonl'), '--workers', '0', '--shard', '999999999/1000000000'];
  const run = spawn(process.execPath, [program, 'predict', list, ...options], { stdio: 'inherit' });
  let [peak, begin] = [0, performance.now()];
  const watch = setInterval(() => {
    const status = (() => {
      try {
        return readFileSync(`/proc/${run.pid}/status`, 'utf8');
      } catch {
        return '';
      }
    })();
    peak = Math.max(peak, Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0));
  }, 100);
  await new Promise((resolve) => run.on('exit', resolve));
  clearInterval(watch);
  console.log(
    `${lines} lines: ${(peak / 1024).toFixed(0)} MiB at most, ${((performance.now() - begin) / 1000).toFixed(1)} s`,
  );
}
