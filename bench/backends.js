/**
 * ResNet-50 at batch 1, fused, on this library's backend and on tfjs's, alternating.
 *
 *     npm run build && npm ci --prefix bench && python3 bench/export.py resnet50 && node bench/backends.js
 */
import { alternate, Peer } from './peer.js';

const run = (name, backend) => new Peer(name, 'skipscale.js', [backend, 'resnet50', 2, 1]);

console.log('| backend | its time | simd, 2 threads | simd is faster |');
console.log('| --- | --- | --- | --- |');
for (const [name, backend, rounds] of [
  ['tfjs wasm', 'wasm', 15],
  ['tfjs cpu', 'cpu', 3],
]) {
  const peers = [run('simd', 'simd'), run(name, backend)];
  const [own, other] = await alternate(peers, { rounds });
  for (const peer of peers) peer.end();
  console.log(
    `| ${name} | ${other.toFixed(0)} ms | ${own.toFixed(1)} ms | ${(other / own).toFixed(1)} times |`,
  );
}
