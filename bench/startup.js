/**
 * How long the command line takes: medians of runs in turns, beside Node that does nothing, in milliseconds. The machine
 * should have nothing else to do.
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

const medians = times.map(median);
console.log('| | ms | beyond Node |\n| --- | --- | --- |');
commands.forEach((command, i) => {
  const name = command.join(' ').replace(skipscale, 'skipscale').replace('-e 0', 'node -e 0');
  console.log(
    `| \`${name}\` | ${medians[i].toFixed(0)} | ${i === 0 ? '' : (medians[i] - medians[0]).toFixed(0)} |`,
  );
});
