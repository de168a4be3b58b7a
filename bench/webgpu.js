/**
 * The backend `skipscale-webgpu` in Node: checks that it computes what `simd` does, then prints its time next to that of tfjs's own
 * WebGPU backend, in turns, medians; what the tenth run took in dispatches, submits, buffers and bind groups; and with --programs
 * the ten dearest programs by the device's clock.
 *
 *     npm run build && npm ci --prefix bench && node bench/webgpu.js
 *     node bench/webgpu.js --swiftshader [--rounds 3]    small sizes, on the software driver of Debian's chromium
 *     node bench/webgpu.js --stage FOLDER                packs all for a machine with a graphics card; there: ./node bench/webgpu.js
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { alternate, Peer } from './peer.js';

const { values: options } = parseArgs({
  options: {
    swiftshader: { type: 'boolean' },
    programs: { type: 'boolean' },
    stage: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string' },
  },
});

const card = [
  ['inference', 'resnet50', 1, 224],
  ['inference', 'resnet50', 32, 224],
  ['inference', 'resnet18', 1, 224],
  ['inference', 'resnet18', 32, 224],
  ['inference', 'efficientnet-b0', 1, 224],
  ['inference', 'efficientnet-b0', 32, 224],
  ['training', 'resnet50', 32, 224],
  ['training', 'efficientnet-b0', 32, 224],
  ['training', 'resnet18', 64, 64],
  ['training', 'resnet20', 128, 32],
];
const software = [
  ['inference', 'resnet18', 1, 32],
  ['inference', 'resnet50', 1, 32],
  ['inference', 'efficientnet-b0', 1, 32],
  ['training', 'resnet20', 2, 16],
];

if (options.stage) stage(resolve(options.stage));
else await measure();

async function measure() {
  if (options.swiftshader) {
    process.env.VK_DRIVER_FILES ??= '/usr/lib/chromium/vk_swiftshader_icd.json';
    process.env.XDG_RUNTIME_DIR ??= '/tmp';
    // Where chromium has Vulkan's loader; read when a process starts.
    process.env.LD_LIBRARY_PATH ??= '/usr/lib/chromium';
  }
  const rows = (options.swiftshader ? software : card).filter(([kind, name]) =>
    `${kind} ${name}`.includes(options.only ?? ''),
  );
  const titles = [
    '',
    'batch',
    'pixels',
    'skipscale',
    'tfjs webgpu',
    'times as fast',
    'dispatches',
    'submits',
  ];
  console.log(`| ${[...titles, 'made anew'].join(' | ')} |`);
  console.log(`|${' --- |'.repeat(titles.length + 1)}`);
  for (const row of rows) await measureRow(row);
}

async function measureRow([kind, name, batch, size]) {
  const peer = (backend) => new Peer(backend, 'skipscale-webgpu.js', [backend, kind, name, batch, size]);
  const peers = [peer('skipscale-webgpu'), peer('webgpu')];
  const rounds = Number(options.rounds ?? (options.swiftshader ? 3 : 15));
  const reference = peer('simd');
  await reference.ready();
  reference.end();
  const [ours, theirs] = await alternate(peers, { rounds });
  for (const each of peers) each.end();
  const [{ values: expected }] = notesOf(reference);
  const [{ values, counts, dearest }] = notesOf(peers[0]);
  check(`${kind} ${name}`, values, expected);
  const ms = (time) => `${time.toFixed(time < 100 ? 1 : 0)} ms`;
  const made = counts.buffersMade + counts.bindGroupsMade + counts.pipelinesMade;
  const cells = [`${kind} ${name}`, batch, size, ms(ours), ms(theirs), (theirs / ours).toFixed(1)];
  console.log(`| ${[...cells, counts.dispatches, counts.submits, made].join(' | ')} |`);
  if (options.programs)
    for (const [program, time] of dearest ?? []) console.log(`    ${ms(time).padStart(9)}  ${program}`);
}

function notesOf({ notes }) {
  return notes.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
}

/** Ends the program where values are far from those of `simd`. */
function check(what, values, expected) {
  const scale = Math.max(...expected.map(Math.abs));
  const far = Math.max(...values.map((value, i) => Math.abs(value - expected[i]))) / scale;
  if (far <= 1e-3) return;
  console.error(`${what}: skipscale-webgpu gives ${values}, and simd ${expected}.`);
  process.exit(1);
}

/** Packs Node, Dawn, the built package and this folder's programs: see ../../shared/gpu/README.md. */
function stage(folder) {
  const here = fileURLToPath(new URL('.', import.meta.url));
  const root = join(here, '..');
  const run = (program, ...args) => execFileSync(program, args, { cwd: root, stdio: 'inherit' });
  run(join(root, '..', 'shared', 'gpu', 'stage.sh'), folder);
  run('xz', '--decompress', '--force', join(folder, 'stage.tar.xz'));
  const files = ['webgpu.js', 'peer.js', 'peers/skipscale-webgpu.js', 'peers/serve.js'].map(
    (file) => `bench/${file}`,
  );
  run('tar', '--append', `--file=${join(folder, 'stage.tar')}`, '--transform=s,^,stage/,', ...files);
  run('xz', '-T0', '-6', join(folder, 'stage.tar'));
}
