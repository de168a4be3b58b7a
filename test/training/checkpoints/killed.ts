/**
 * A training to be killed: it tells of each event in a line, and of the weights at the end.
 * Arguments: the folder of checkpoints, and the backend.
 */
import '../../../src/backends/default.node.js';
import '../../../src/backends/gradients.js';
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { AdamW } from '../../../src/training/optim/adam.js';
import { mixup } from '../../../src/training/data/mix.js';
import { cosineSchedule } from '../../../src/training/optim/schedules.js';
import { train } from '../../../src/training/train.js';
import { padAndCrop } from '../../../src/vision/augment/crop.js';
import { tinyData, tinyModel } from '../tiny.js';

const [folder, backend] = process.argv.slice(2) as [string, string];
await tf.setBackend(backend);
const model = tinyModel({ dropout: 0.2 });
const events = train(model, tinyData(60), {
  epochs: 4,
  batchSize: 12,
  schedule: cosineSchedule(0.01, { steps: 20 }),
  optimizer: (parameters) => new AdamW(parameters, { weightDecay: 0.1 }),
  augment: padAndCrop(1),
  mix: mixup(),
  movingAverage: { decay: 0.9 },
  validation: tinyData(12, 1),
  checkpoints: { folder, everySteps: 2, keep: 2, resume: true },
});
for await (const event of events) {
  if (event.type === 'step') console.log(`step ${event.step} ${event.loss}`);
  else if (event.type === 'epoch')
    console.log(`epoch ${event.epoch} ${event.loss} ${event.metrics.accuracy}`);
  else if (event.type === 'evaluation') console.log(`evaluation ${event.epoch} ${event.evaluation.loss}`);
}
const hash = createHash('sha256');
for (const variable of model.variables()) hash.update(new Uint8Array(variable.dataSync().slice().buffer));
console.log(`weights ${hash.digest('hex')}`);
tf.removeBackend(backend);
