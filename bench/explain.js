/**
 * The time of explanations of a ResNet-18 at 224 pixels, next to as many plain passes of the network, and next to Captum's on as many
 * threads, where it has the method. In turns; medians.
 *
 *     npm run build && PYTHON=python3 node bench/explain.js [methods] [samples] [threads]
 *
 * PYTHON has torch, torchvision and captum.
 */
import { alternate, Peer } from './peer.js';

const all = ['gradCam', 'integratedGradients', 'occlusion', 'lime', 'kernelShap', 'rise'];
const [names = all.join(','), samples = 64, threads = 2] = process.argv.slice(2);
const [MODEL, PIXELS] = ['resnet18', 224];

console.log('| method | plain passes | skipscale | Captum | to plain passes | to Captum |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const method of names.split(',')) {
  const batch = method === 'integratedGradients' ? 8 : 32;
  const sizes = [method, MODEL, PIXELS, samples, batch, threads];
  const peers = ['plain', 'method'].map((kind) => new Peer(kind, 'skipscale-explain.js', [kind, ...sizes]));
  if (method !== 'rise') peers.push(new Peer('captum', 'torch_explain.py', sizes));
  const [plain, ours, captum] = await alternate(peers, { rounds: method === 'gradCam' ? 15 : 3 });
  for (const peer of peers) peer.end();
  const ms = (time) => (time === undefined ? '' : `${time.toFixed(0)} ms`);
  const ratio = (time) => (time === undefined ? '' : (ours / time).toFixed(2));
  console.log(`| ${[method, ms(plain), ms(ours), ms(captum), ratio(plain), ratio(captum)].join(' | ')} |`);
}
