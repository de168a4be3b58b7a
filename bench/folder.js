/**
 * Images per second from files to classes, next to the network alone, another build of this library, and PyTorch with its
 * DataLoader, in turns.
 *
 *     npm run build && node bench/folder.js [--models resnet18,resnet50,efficientnet-b0] [--photos 400] [--batch 16]
 *       [--threads 2] [--rounds 3] [--base PATH]
 *
 * `--base` is the folder of another checkout that is built. PyTorch runs where $PYTHON or python3 has torch and torchvision. Networks
 * have random weights and are fused. The photos are crops of examples/photos of 640 x 480 pixels, as JPEGs.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { alternate, Peer } from './peer.js';

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: 'resnet18,resnet50,efficientnet-b0' },
    photos: { type: 'string', default: '400' },
    batch: { type: 'string', default: '16' },
    threads: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    base: { type: 'string' },
  },
});
const root = fileURLToPath(new URL('..', import.meta.url));
const count = Number(values.photos);

const folder = mkdtempSync(join(tmpdir(), 'skipscale-folder-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
await writePhotos();

const hasTorch = spawnSync(process.env.PYTHON ?? 'python3', ['-c', 'import torch, torchvision']).status === 0;
console.log(`| network | ${names().join(' | ')} |`);
console.log(`| --- |${' --- |'.repeat(names().length)}`);
for (const model of values.models.split(',')) {
  const peers = peersOf(model);
  const times = await alternate(peers, { rounds: Number(values.rounds) });
  for (const peer of peers) peer.end();
  console.log(`| ${[model, ...times.map((time) => ((1000 * count) / time).toFixed(1))].join(' | ')} |`);
}

function peersOf(model) {
  const args = [model, values.threads, values.batch, folder];
  return [
    new Peer('classify', 'skipscale-folder.js', [root, 'classify', ...args]),
    ...(values.base ? [new Peer('base', 'skipscale-folder.js', [values.base, 'classify', ...args])] : []),
    new Peer('network alone', 'skipscale-folder.js', [root, 'network', ...args]),
    ...(hasTorch ? [new Peer('PyTorch', 'torch_folder.py', args)] : []),
  ];
}

function names() {
  return peersOf('').map(({ name }) => name);
}

/** Crops of 1 to 3 times the size, at places that are the same in every run. */
async function writePhotos() {
  const photos = join(root, 'examples/photos');
  const sources = readdirSync(photos).filter((file) => file.endsWith('.jpg'));
  let state = 1;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
  for (let i = 0; i < count; i++) {
    const source = sharp(join(photos, sources[i % sources.length]));
    const { width, height } = await source.metadata();
    const scale = Math.min(width / 640, height / 480) * (1 - random() / 2);
    const crop = { width: Math.floor(640 * scale), height: Math.floor(480 * scale) };
    const left = Math.floor(random() * (width - crop.width));
    const top = Math.floor(random() * (height - crop.height));
    await source
      .extract({ left, top, ...crop })
      .resize(640, 480)
      .jpeg({ quality: 90 })
      .toFile(join(folder, `${String(i).padStart(4, '0')}.jpg`));
  }
}
