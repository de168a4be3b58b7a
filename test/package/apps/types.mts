import * as tf from '@tensorflow/tfjs-core';
import {
  buildResNet,
  classify,
  pretrained,
  Random,
  type Classification,
  type Context,
  type ResNet,
} from 'skipscale';
import { setThreads } from 'skipscale/simd';

const model = buildResNet(20, { classes: 2 });
const context: Context = { training: true, random: new Random(0) };
const logits: tf.Tensor2D = model.forward(tf.zeros([1, 8, 8, 3]), context);
const classes: Promise<Classification[]> = classify(model, 'cat.jpg', { top: 1 });
const filled: Promise<ResNet> = pretrained('resnet20');
setThreads(1);
// @ts-expect-error There is no such depth.
buildResNet(19);
export { classes, filled, logits };
