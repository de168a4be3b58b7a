/**
 * A training, to be killed, of a network that the library does not know: it tells of each event in a line, and of the weights at
 * the end. Arguments: the folder of checkpoints, and the backend.
 */
import '../../../src/backends/default.node.js';
import '../../../src/backends/gradients.js';
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { accuracy } from '../../../src/training/measure.js';
import { AdamW } from '../../../src/training/optim/adam.js';
import { cosineSchedule } from '../../../src/training/optim/schedules.js';
import { train } from '../../../src/training/train.js';
import { forkedBatches, forkedLoss, ForkedNet } from '../../helpers/forked-net.js';

const [folder, backend] = process.argv.slice(2) as [string, string];
await tf.setBackend(backend);
const net = new ForkedNet(0, 0.2);
const events = train(net, forkedBatches, {
  epochs: 5,
  loss: forkedLoss,
  metrics: { hits: ([classes], y) => accuracy(classes, y.classes) },
  schedule: cosineSchedule(0.01, { steps: 20 }),
  optimizer: (parameters) => new AdamW(parameters, { weightDecay: 0.1 }),
  movingAverage: { decay: 0.9 },
  validation: forkedBatches,
  checkpoints: { folder, everySteps: 2, keep: 2, resume: true },
});
for await (const event of events) {
  if (event.type === 'step') console.log(`step ${event.step} ${event.loss}`);
  else if (event.type === 'epoch') console.log(`epoch ${event.epoch} ${event.loss} ${event.metrics.hits}`);
  else if (event.type === 'evaluation') console.log(`evaluation ${event.epoch} ${event.evaluation.loss}`);
}
const hash = createHash('sha256');
for (const variable of net.variables()) hash.update(new Uint8Array(variable.dataSync().slice().buffer));
console.log(`weights ${hash.digest('hex')}`);
tf.removeBackend(backend);
