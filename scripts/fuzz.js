/**
 * Changes files at random and gives them to every reader of the package: checkpoints of each format, checkpoints of a
 * training, sharded files, configs, archives, data sets and images.
 *
 *     npm run fuzz [-- --count 20000 --seed 0 --kind safetensors --first 1234]
 *
 * The count is spread over the kinds (scripts/fuzz/kinds.js). Each case must be read, or be refused with an error of this
 * library that has a message, within 10 s; leave no tensor behind; leave a model that refused the file as it was; and, of
 * a file with a checksum, give the values that were written or none. `--first` repeats one case of a kind.
 *
 * Then files of 64 MB whose headers are changed: the memory that reading takes, over that of the process before, must stay
 * below 3 times the file.
 *
 * Prints a table in Markdown; the exit code is 1 where something was found.
 */
import { fork } from 'node:child_process';
import { rmSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { kindNames, largeNames } from './fuzz/names.js';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '20000' },
    seed: { type: 'string', default: '0' },
    kind: { type: 'string', multiple: true },
    first: { type: 'string' },
  },
});
const seed = Number(values.seed);
const names = values.kind ?? [...kindNames, ...largeNames];
const small = names.filter((name) => kindNames.includes(name));
const share = Math.ceil(Number(values.count) / small.length);
/** Changes of each large file. */
const LARGE = 40;
/** Time that one case may take, in milliseconds. */
const PATIENCE = 10_000;

const folder = mkdtempSync(join(tmpdir(), 'skipscale-fuzz-'));
let found = 0;
try {
  console.log('| kind | cases | read | refused | found | slowest | memory |');
  console.log('| --- | --- | --- | --- | --- | --- | --- |');
  for (const name of names) {
    const first = Number(values.first ?? 0);
    const count = values.first === undefined ? (largeNames.includes(name) ? LARGE : share) : 1;
    const { read, refused, faults, slowest, memory } = await run(name, first, count);
    found += faults.length;
    const time = `${Math.round(slowest)} ms`;
    console.log(
      `| ${name} | ${read + refused + faults.length} | ${read} | ${refused} | ${faults.length} | ${time} | ${memory} |`,
    );
    for (const fault of faults.slice(0, 10)) console.error(`${name}: ${fault}`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
console.log(found === 0 ? '\nNothing was found.' : `\n${found} cases were found.`);
process.exitCode = found === 0 ? 0 : 1;

/** Runs cases of a kind in processes of their own, a new one after each crash or hang. */
async function run(name, first, count) {
  const total = { read: 0, refused: 0, faults: [], slowest: 0, memory: '' };
  const end = first + count;
  // A process that only writes the file, so that the others' memory is that of reading.
  if (largeNames.includes(name)) await runProcess(name, first, first, total);
  for (let next = first; next < end;) {
    next = await runProcess(name, next, end, total);
  }
  return total;
}

/** The number of the case after the last one that the process did. */
function runProcess(name, first, end, total) {
  return new Promise((resolve) => {
    const worker = fork(fileURLToPath(new URL('fuzz/worker.js', import.meta.url)), {
      execArgv: ['--expose-gc', '--unhandled-rejections=strict'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let errors = '';
    worker.stderr.on('data', (text) => (errors = `${errors}${text}`.slice(-2000)));
    let next = first;
    let hangs = false;
    const expire = () => {
      hangs = true;
      worker.kill('SIGKILL');
    };
    // The first message says that the process has begun, which takes longer than a case.
    let timer = setTimeout(expire, 12 * PATIENCE);
    worker.on('message', ({ outcome, time, memory, fault }) => {
      clearTimeout(timer);
      timer = setTimeout(expire, PATIENCE);
      if (memory !== undefined) total.memory = memory;
      if (outcome === undefined) return;
      total.slowest = Math.max(total.slowest, time);
      if (fault) total.faults.push(`case ${next}, seed ${seed}: ${fault}`);
      else total[outcome]++;
      next++;
    });
    worker.on('exit', (code, signal) => {
      clearTimeout(timer);
      if (next === end && code === 0) return resolve(end);
      const what = hangs
        ? `did not end within ${PATIENCE} ms`
        : `ended the process (${signal ?? code}) ${errors}`;
      total.faults.push(`case ${next}, seed ${seed}: ${what}`);
      resolve(Math.min(end, next + 1));
    });
    worker.send({ name, seed, first, end, folder });
  });
}
