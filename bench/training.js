/**
 * Training steps (forward, backward, plain SGD) compared with PyTorch on the cpu, two threads each, alternating.
 *
 *     npm run build && node bench/training.js        # PYTHON names the interpreter that has torch and torchvision
 */
import { alternate, Peer } from './peer.js';

const cases = [
  ['resnet50', 8, 224],
  ['efficientnet_b0', 8, 224],
  ['resnet20', 128, 32],
];
const threads = 2;
console.log('| network | batch | pixels | skipscale | PyTorch | its time, times | peak memory | PyTorch |');
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const [name, batch, size] of cases) {
  const args = [name, threads, batch, size];
  const peers = [
    new Peer('skipscale', 'skipscale-train.js', args),
    new Peer('PyTorch', 'torch_train.py', args),
  ];
  const [own, torch] = await alternate(peers, { rounds: 9 });
  const memory = await Promise.all(peers.map((peer) => peer.memory()));
  for (const peer of peers) peer.end();
  const cells = [`${own.toFixed(0)} ms`, `${torch.toFixed(0)} ms`, (own / torch).toFixed(2)];
  console.log(
    `| ${[name, batch, size, ...cells, ...memory.map((m) => `${m.toFixed(0)} MiB`)].join(' | ')} |`,
  );
}
