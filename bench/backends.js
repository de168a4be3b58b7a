/**
 * ResNet-50 at batch 1, fused, on this library's backend and on tfjs's, alternating.
 *
 *     npm run build && npm ci --prefix bench && python3 bench/export.py resnet50 && node bench/backends.js
 */
import { alternate, Peer } from './peer.js';

const run = (name, backend) => new Peer(name, 'skipscale.js', [backend, 'resnet50', 2, 1]);
const peers = [run('simd, 2 threads', 'simd'), run('tfjs wasm', 'wasm'), run('tfjs cpu', 'cpu')];
const times = await alternate(peers, { rounds: 5 });
for (const peer of peers) peer.end();

console.log('| backend | time | simd is faster |');
console.log('| --- | --- | --- |');
peers.forEach(({ name }, i) => {
  console.log(`| ${name} | ${times[i].toFixed(1)} ms | ${(times[i] / times[0]).toFixed(1)} times |`);
});
