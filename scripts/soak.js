/**
 * Predicts and trains for long while things fail, and watches tensors and memory:
 *
 *     npm run soak [-- --predictions 5000 --steps 2000 --seed 0]
 *
 * A tenth of the predictions meets a fault: an image that is broken, one that is not there, a file of weights that is
 * damaged, a model that is disposed of while it classifies. The training resumes from its checkpoints whenever a fault
 * ends it: an image that cannot be read, a loss that throws, a signal that aborts.
 *
 * Prints a table in Markdown; the exit code is 1 where tensors are left, or where the memory at the end is more than that
 * after the first fifth by a tenth.
 */
import * as tf from '@tensorflow/tfjs-core';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  arrayDataset,
  buildResNet,
  classify,
  constantSchedule,
  encode,
  load,
  Random,
  softmaxCrossEntropy,
  train,
} from 'skipscale';

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc');

const { values } = parseArgs({
  options: {
    predictions: { type: 'string', default: '5000' },
    steps: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '0' },
  },
});
const random = new Random(Number(values.seed));
/** How often memory is looked at. */
const SAMPLES = 50;
/** A later sample may have so many times the memory of an early one. */
const GROWTH = 1.1;

let failed = false;
console.log('| work | done | faults | tensors left | memory after a fifth | at the end |');
console.log('| --- | --- | --- | --- | --- | --- |');
await watch('predictions', Number(values.predictions), predicting);
await watch('training steps', Number(values.steps), training);
process.exitCode = failed ? 1 : 0;

/** Runs work, which tells of each of its parts, and prints what it left. */
async function watch(name, count, work) {
  const tensors = tf.memory().numTensors;
  const memory = [];
  let faults = 0;
  let done = 0;
  for await (const { fault } of work(count)) {
    if (fault) faults++;
    else if (++done % Math.ceil(count / SAMPLES) === 0) {
      // Twice: what the first frees may hold more.
      for (let i = 0; i < 2; i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      memory.push(process.memoryUsage.rss());
    }
  }
  const left = tf.memory().numTensors - tensors;
  const fifth = Math.floor(memory.length / 5);
  const early = median(memory.slice(fifth, 2 * fifth));
  const late = median(memory.slice(-fifth));
  failed ||= left !== 0 || late > GROWTH * early;
  console.log(`| ${name} | ${done} | ${faults} | ${left} | ${mebibytes(early)} | ${mebibytes(late)} |`);
}

/** Classifies a photo again and again. */
async function* predicting(count) {
  const photo = readFileSync(fileURLToPath(new URL('../test/golden/images/baseline.jpg', import.meta.url)));
  const model = buildResNet(20);
  const weights = await encode(model);
  const faults = [
    () => classify(model, photo.subarray(0, 20 + random.integer(photo.length - 20))),
    () => classify(model, 'no-such-folder/photo.jpg'),
    () => load(model, weights.subarray(0, random.integer(weights.length))),
    async () => {
      const other = buildResNet(20);
      const answer = classify(other, [photo, photo], { batchSize: 1 });
      other.dispose();
      await answer;
    },
  ];
  for (let i = 0; i < count; i++) {
    if (i % 10 === 9) yield { fault: await failing(faults[random.integer(faults.length)]) };
    await classify(model, photo);
    yield {};
  }
  model.dispose();
}

/** Trains, with a fault about every 20 steps. */
async function* training(count) {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-soak-'));
  const model = buildResNet(20, { classes: 3 });
  const fails = () => random.integer(80) === 0;
  const data = flaky();
  const batchSize = 8;
  const stepsAnEpoch = data.labels.length / batchSize;
  const loss = (logits, targets) => {
    if (fails()) throw new Error('a loss that fails');
    return softmaxCrossEntropy(logits, targets);
  };
  try {
    for (let done = 0; done < count;) {
      const abort = new AbortController();
      const events = train(model, data, {
        epochs: Math.ceil(count / stepsAnEpoch),
        batchSize,
        schedule: constantSchedule(0.01),
        loss,
        checkpoints: { folder, everySteps: 5, keep: 2, resume: true },
        signal: abort.signal,
      });
      try {
        for await (const event of events) {
          if (event.type !== 'step') continue;
          done++;
          yield {};
          if (random.integer(60) === 0) abort.abort();
        }
        if (abort.signal.aborted) yield { fault: true };
        else break;
      } catch (error) {
        if (!/fails/.test(String(error.cause ?? error))) throw error;
        yield { fault: true };
      }
    }
  } finally {
    model.dispose();
    rmSync(folder, { recursive: true });
  }
}

/** Noise of three classes, of which an image fails to be read now and then. */
function flaky() {
  const labels = Int32Array.from({ length: 240 }, (_, i) => i % 3);
  const images = Array.from(labels, () => ({
    width: 32,
    height: 32,
    data: Uint8Array.from({ length: 3 * 32 * 32 }, () => random.integer(256)),
  }));
  const data = arrayDataset(images, labels, ['red', 'green', 'blue']);
  return {
    ...data,
    image(place) {
      if (random.integer(400) === 0) throw new Error('an image that fails');
      return data.image(place);
    },
  };
}

async function failing(work) {
  try {
    await work();
  } catch {
    return true;
  }
  throw new Error('A fault was not noticed.');
}

function median(numbers) {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
}

function mebibytes(bytes) {
  return `${Math.round(bytes / 2 ** 20)} MiB`;
}
