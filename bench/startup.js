/**
 * How long the command line takes: medians of runs in turns, and the least, compared with Node that does nothing, in milliseconds.
 * Where others use the machine too, the least is what to look at.
 *
 *     npm run build && node bench/startup.js
 */
import { spawnSync } from 'node:child_process';
import { median } from './peer.js';

const RUNS = 15;

const skipscale = 'dist/esm/cli/main.js';
const commands = [
  ['-e', '0'],
  [skipscale, '--version'],
  [skipscale, '--help'],
  [skipscale, 'classify', '--help'],
  [skipscale, 'train', '--help'],
  [skipscale, 'summary', 'resnet50'],
  [skipscale, 'classify', 'examples/photos/cat.jpg'],
];

function timed(command) {
  const start = performance.now();
  const { status } = spawnSync(process.execPath, command, { stdio: 'ignore' });
  if (status !== 0)
    throw new Error(`node ${command.join(' ')} ended with ${status}; run npm run build first.`);
  return performance.now() - start;
}

for (const command of commands) timed(command); // Files come into the system's cache.
const times = commands.map(() => []);
for (let run = 0; run < RUNS; run++) commands.forEach((command, i) => times[i].push(timed(command)));

console.log('| | median | least |\n| --- | --- | --- |');
commands.forEach((command, i) => {
  const name = command.join(' ').replace(skipscale, 'skipscale').replace('-e 0', 'node -e 0');
  console.log(`| \`${name}\` | ${median(times[i]).toFixed(0)} | ${Math.min(...times[i]).toFixed(0)} |`);
});
