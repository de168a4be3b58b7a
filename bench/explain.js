/**
 * The time of explanations of a ResNet-18 at 224 pixels, next to as many plain passes of the network as a caller of `predict` has
 * them, as many of the network fused, and Captum's on as many threads, where it has the method. In turns; medians.
 *
 *     npm run build && PYTHON=python3 node bench/explain.js [methods] [samples] [threads] [rounds]
 *
 * `samples` are of LIME, Kernel SHAP and RISE, and the steps of integrated gradients; occlusion has the 225 places of its defaults.
 * PYTHON has torch, torchvision and captum.
 */
import { alternate, Peer } from './peer.js';

const all = ['gradCam', 'integratedGradients', 'occlusion', 'lime', 'kernelShap', 'rise'];
const [names = all.join(','), samples = 64, threads = 2, rounds] = process.argv.slice(2);
const [MODEL, PIXELS] = ['resnet18', 224];

const titles = [
  'method',
  'plain passes',
  'passes, fused',
  'skipscale',
  'Captum',
  'to plain',
  'to fused',
  'to Captum',
];
console.log(`| ${titles.join(' | ')} |`);
console.log(`|${' --- |'.repeat(titles.length)}`);
for (const method of names.split(',')) {
  const batch = method === 'integratedGradients' ? 8 : 32;
  const sizes = [method, MODEL, PIXELS, samples, batch, threads];
  const kinds = ['plain', 'fused', 'method'];
  const peers = kinds.map((kind) => new Peer(kind, 'skipscale-explain.js', [kind, ...sizes]));
  if (method !== 'rise') peers.push(new Peer('captum', 'torch_explain.py', sizes));
  const [plain, fused, ours, captum] = await alternate(peers, {
    rounds: Number(rounds ?? (method === 'gradCam' ? 15 : 3)),
  });
  for (const peer of peers) peer.end();
  const ms = (time) => (time === undefined ? '' : `${time.toFixed(0)} ms`);
  const ratio = (time) => (time === undefined ? '' : (ours / time).toFixed(2));
  const times = [plain, fused, ours, captum].map(ms);
  console.log(`| ${[method, ...times, ...[plain, fused, captum].map(ratio)].join(' | ')} |`);
}
