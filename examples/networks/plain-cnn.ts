/** A plain convolutional network, trained on a few synthetic images, saved, loaded, exported and fused. */
import * as tf from '@tensorflow/tfjs-core';
import {
  accuracy,
  constantSchedule,
  ConvNorm,
  Dense,
  exportOnnx,
  fuse,
  GlobalAvgPool,
  load,
  MaxPool,
  predict,
  Random,
  save,
  seeded,
  Sequential,
  softmaxCrossEntropy,
  train,
} from 'skipscale';

/** Images [N, 16, 16, 3] → logits [N, 3]. The compiler sees to it that each layer takes what the one before it gives. */
function plainCnn(seed: number) {
  return seeded(
    seed,
    () =>
      new Sequential(
        new ConvNorm({ inChannels: 3, filters: 8, kernelSize: 3, activation: 'relu' }),
        new MaxPool({ size: 2 }),
        new ConvNorm({ inChannels: 8, filters: 16, kernelSize: 3, activation: 'relu' }),
        new GlobalAvgPool(),
        new Dense({ inFeatures: 16, units: 3 }),
      ),
  );
}

/** Noise in which one of the three colours is brighter; its number is the class. */
function batch(seed: number) {
  const random = new Random(seed);
  const classes = Array.from({ length: 12 }, (_, i) => i % 3);
  const values = classes.flatMap((label) =>
    Array.from({ length: 16 * 16 * 3 }, (_, i) => random.uniform(-1, 1) + (i % 3 === label ? 0.5 : 0)),
  );
  return { x: tf.tensor4d(values, [12, 16, 16, 3]), y: tf.tensor1d(classes, 'int32') };
}

/**
 * Trains, saves to `path`, loads into another network, and fuses that one.
 * @returns the share of new images that it recognises, and the network as an ONNX file.
 */
export async function plainCnnExample(path: string): Promise<{ recognised: number; onnx: Uint8Array }> {
  const net = plainCnn(1);
  console.log(net.summary([1, 16, 16, 3]));

  const batches = (epoch: number) => [0, 1, 2, 3].map((i) => batch(4 * epoch + i));
  const events = train(net, batches, {
    loss: softmaxCrossEntropy,
    metrics: { accuracy },
    epochs: 4,
    schedule: constantSchedule(0.1),
  });
  for await (const event of events) {
    if (event.type === 'epoch') console.log(event.epoch, event.loss, event.metrics.accuracy);
  }

  await save(net, path);
  const copy = plainCnn(2);
  await load(copy, path);
  const onnx = await exportOnnx(copy, { input: [1, 16, 16, 3] });
  await fuse(copy); // Each batch norm and activation is now computed by the convolution before it.
  const { x, y } = batch(1000);
  const logits = await predict(copy, x);
  const recognised = tf.tidy(
    () => tf.mean(tf.cast(tf.equal(tf.argMax(logits, 1), y), 'float32')).dataSync()[0]!,
  );
  tf.dispose([x, y, logits]);
  net.dispose();
  copy.dispose();
  return { recognised, onnx };
}
