/**
 * One update of all parameters of a network, and of a moving average of its variables: by the backend's kernels, in place,
 * and composed of tfjs's operations as on backends without them. Two threads.
 *
 *     npm run build && npm ci --prefix bench && node bench/optimizers.js
 */
import * as tf from '@tensorflow/tfjs-core';
import { AdamW, buildModel, MovingAverage, RMSProp, SGD } from 'skipscale';
import { setThreads } from 'skipscale/simd';
import { median } from './peer.js';

const ROUNDS = 9;
await tf.setBackend('simd');
setThreads(2);
await tf.backend().started();

const optimizers = {
  SGD: (parameters) => new SGD(parameters),
  'SGD, Nesterov': (parameters) => new SGD(parameters, { momentum: 0.9, nesterov: true, weightDecay: 1e-4 }),
  AdamW: (parameters) => new AdamW(parameters, { weightDecay: 0.01 }),
  RMSProp: (parameters) => new RMSProp(parameters),
};
const kernels = ['SGDStep', 'AdamStep', 'RMSPropStep', 'MovingAverageStep'];

/** The median milliseconds of a piece of work. */
function time(work) {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = performance.now();
    work();
    return performance.now() - start;
  });
  return median(times);
}

/** The times of every optimizer and of the average for a network. */
function measure(model) {
  const parameters = [...model.namedVariables()];
  const times = Object.values(optimizers).map((make) => {
    const optimizer = make(parameters);
    const gradients = optimizer.parameters.map(({ variable }) => tf.randomNormal(variable.shape));
    const result = time(() => optimizer.step(gradients, 1e-4));
    tf.dispose(gradients);
    optimizer.dispose();
    return result;
  });
  const average = new MovingAverage(parameters);
  times.push(time(() => average.update()));
  average.dispose();
  return times;
}

const networks = ['resnet50', 'resnet20'];
const models = networks.map((name) => buildModel(name));
const fused = models.map(measure);
for (const name of kernels) tf.unregisterKernel(name, 'simd');
const composed = models.map(measure);

console.log('| network | update | in place | composed | times |');
console.log('| --- | --- | --- | --- | --- |');
networks.forEach((network, n) => {
  [...Object.keys(optimizers), 'moving average'].forEach((update, i) => {
    const [own, other] = [fused[n][i], composed[n][i]];
    const cells = [`${own.toFixed(2)} ms`, `${other.toFixed(2)} ms`, (other / own).toFixed(1)];
    console.log(`| ${[network, update, ...cells].join(' | ')} |`);
  });
});
