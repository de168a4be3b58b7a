/**
 * Gradients of a training step with and without `recompute`: time, and the process's peak memory.
 *
 *     npm run build && node bench/gradient-checkpointing.js [model batch pixels]
 */
import { alternate, Peer } from './peer.js';

const [model = 'resnet50', batch = 16, size = 224] = process.argv.slice(2);
const peers = ['plain', 'recompute'].map(
  (mode) => new Peer(mode, 'skipscale-recompute.js', [model, 2, batch, size, mode]),
);
const times = await alternate(peers, { rounds: 3 });
const memory = await Promise.all(peers.map((peer) => peer.memory()));
for (const peer of peers) peer.end();
console.log('| | time | peak memory |\n| --- | --- | --- |');
for (const [i, { name }] of peers.entries()) {
  console.log(`| ${name} | ${times[i].toFixed(0)} ms | ${memory[i].toFixed(0)} MiB |`);
}
const change = ([before, after]) => `${((after / before - 1) * 100).toFixed(0)} %`;
console.log(`| change | ${change(times)} | ${change(memory)} |`);
