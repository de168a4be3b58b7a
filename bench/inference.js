/**
 * Predictions of fused networks compared with ONNX Runtime and tfjs's other backends, alternating.
 *
 *     npm run build && npm ci --prefix bench && python3 bench/export.py && node bench/inference.js [--batches 1,8,32] [--threads 1,2] [--rounds 15]
 */
import { parseArgs } from 'node:util';
import { alternate, Peer } from './peer.js';

const { values } = parseArgs({
  options: {
    batches: { type: 'string', default: '1' },
    threads: { type: 'string', default: '1,2' },
    rounds: { type: 'string', default: '15' },
  },
});

console.log('| network | batch | threads | skipscale | onnxruntime-web | ratio | onnxruntime-node | ratio |');
console.log('| --- | --- | --- | --- | --- | --- | --- | --- |');
for (const batch of values.batches.split(',').map(Number)) {
  for (const name of ['resnet50', 'resnet18', 'efficientnet_b0']) {
    for (const threads of values.threads.split(',').map(Number)) {
      const peers = [
        new Peer('skipscale', 'skipscale.js', ['simd', name, threads, batch]),
        new Peer('onnxruntime-web', 'onnxruntime.js', ['web', name, threads, batch]),
        new Peer('onnxruntime-node', 'onnxruntime.js', ['node', name, threads, batch]),
      ];
      const [own, web, native] = await alternate(peers, { rounds: Number(values.rounds) });
      for (const peer of peers) peer.end();
      const ms = (time) => `${time.toFixed(1)} ms`;
      const cells = [ms(own), ms(web), (web / own).toFixed(2), ms(native), (native / own).toFixed(2)];
      console.log(`| ${[name, batch, threads, ...cells].join(' | ')} |`);
    }
  }
}
