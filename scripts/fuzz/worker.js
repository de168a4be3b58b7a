/** One process of `scripts/fuzz.js`: tries cases of a kind, and tells of each how it ended. */
import * as tf from '@tensorflow/tfjs-core';
import { closeSync, openSync, readSync, statSync, writeSync } from 'node:fs';
import { Fault, kinds } from './kinds.js';
import { apply, changesOf } from './mutate.js';

/** Bytes at both ends of a large file that are changed. */
const ENDS = 1 << 16;

// A listener that stays keeps the process alive, so that a promise that never settles is found.
process.on('message', async ({ name, seed, first, end, folder }) => {
  const kind = await kinds[name](folder);
  const tryCase = kind.path ? tryLarge : trySmall;
  await settle();
  const base = process.memoryUsage().rss;
  let peak = base;
  const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5);
  tell({ memory: '' });
  for (let place = first; place < end; place++) {
    if (kind.path) await settle();
    const tensors = tf.memory().numTensors;
    const start = performance.now();
    let outcome = 'read';
    let fault;
    try {
      await tryCase(kind, changesOf(seed, place), place);
    } catch (error) {
      outcome = 'refused';
      fault = unclear(error);
    }
    const left = tf.memory().numTensors - tensors;
    if (left !== 0) fault ??= `${left} tensors are left`;
    peak = Math.max(peak, process.memoryUsage().rss);
    let memory;
    if (kind.path) {
      const ratio = (peak - base) / statSync(kind.path).size;
      memory = `${ratio.toFixed(2)} x the file`;
      if (ratio >= 3) fault ??= `${memory} is taken`;
    } else memory = `${Math.round(peak / 2 ** 20)} MiB in all`;
    tell({ outcome, time: performance.now() - start, fault, memory });
  }
  clearInterval(watch);
  process.disconnect();
});

/** Frees what nobody has any more; buffers go some time after their collection. */
async function settle() {
  for (let i = 0; i < 3; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

function tell(message) {
  process.send(message);
}

/** One of the files of a case is changed; the last file of those that are read together only now and then. */
async function trySmall({ files, attempt }, changes, place) {
  const original = files[place % files.length];
  const turn = Math.floor(place / files.length) % original.length;
  await attempt(original.map((bytes, i) => (i === turn ? changes.reduce(apply, bytes.slice()) : bytes)));
}

async function tryLarge({ path, attempt }, changes, place) {
  const size = statSync(path).size;
  const at = place % 2 === 0 ? 0 : size - ENDS;
  const before = Buffer.alloc(ENDS);
  const file = openSync(path, 'r+');
  try {
    readSync(file, before, 0, ENDS, at);
    const after = changes.filter(({ kind }) => kind !== 'cut').reduce(apply, new Uint8Array(before));
    writeSync(file, after, 0, ENDS, at);
    await attempt();
  } finally {
    writeSync(file, before, 0, ENDS, at);
    closeSync(file);
  }
}

/** What is wrong with an error: it is of the engine, says nothing, or tells of a fault that a kind has found. */
function unclear(error) {
  const { name, message, stack } = error;
  if (error instanceof Fault) return message;
  const isEngines = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError', 'RuntimeError'].includes(
    name,
  );
  const saysNothing =
    !message ||
    /Cannot read prop|is not a function|is not iterable|typed array|out of bounds|call stack|disposed|Array buffer/.test(
      message,
    );
  return isEngines || saysNothing ? String(stack).split('\n').slice(0, 4).join(' | ') : undefined;
}
