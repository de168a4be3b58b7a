/** A small U-Net on a ResNet, which says of every pixel whether it belongs to a bright square. */
import * as tf from '@tensorflow/tfjs-core';
import {
  buildResNet,
  Conv2D,
  ConvNorm,
  exportOnnx,
  fuse,
  load,
  Module,
  predict,
  Random,
  save,
  seeded,
  SGD,
  valueAndGradients,
  type Context,
} from 'skipscale';

/** Images [N, H, W, 3] → one logit a pixel [N, H, W, 1]. Source: Ronneberger et al. 2015, arXiv 1505.04597. */
class UNet extends Module {
  readonly backbone = buildResNet(20, { width: 0.5, includeTop: false, seed: 1 });
  // From the smallest map up: each joins what is below it with a map of the backbone.
  readonly up = [
    new ConvNorm({ inChannels: 32 + 16, filters: 16, kernelSize: 3, activation: 'relu' }),
    new ConvNorm({ inChannels: 16 + 8, filters: 8, kernelSize: 3, activation: 'relu' }),
  ];
  readonly head = new Conv2D({ inChannels: 8, filters: 1, kernelSize: 1, bias: true });

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor4D {
    return tf.tidy(() => {
      const maps = this.backbone.features(x, context);
      let y = maps.pop()!;
      for (const conv of this.up) {
        const map = maps.pop()!;
        const [, height, width] = map.shape;
        const larger = tf.image.resizeNearestNeighbor(y, [height, width]);
        y = conv.forward(tf.concat([larger, map], 3), context);
      }
      return this.head.forward(y);
    });
  }
}

/** Four images of noise with a bright square, and the squares. */
function images(random: Random): { x: tf.Tensor4D; y: tf.Tensor4D } {
  const [x, y] = [tf.buffer([4, 16, 16, 3]), tf.buffer([4, 16, 16, 1])];
  for (let n = 0; n < 4; n++) {
    const [top, left] = [random.integer(8), random.integer(8)];
    for (let i = 0; i < 16; i++) {
      for (let j = 0; j < 16; j++) {
        const inside = i >= top && i < top + 8 && j >= left && j < left + 8;
        y.set(Number(inside), n, i, j, 0);
        for (let c = 0; c < 3; c++) x.set(random.uniform(-1, 1) + Number(inside), n, i, j, c);
      }
    }
  }
  return { x: x.toTensor() as tf.Tensor4D, y: y.toTensor() as tf.Tensor4D };
}

/**
 * Takes training steps with a frozen stem, saves to `path`, and loads into another network, which is fused.
 * @returns the losses of the first and the last step, the share of pixels of new images that it gets right, and the network as an ONNX
 * file.
 */
export async function uNetExample(
  steps: number,
  path: string,
): Promise<{ first: number; last: number; right: number; onnx: Uint8Array }> {
  const net = seeded(2, () => new UNet());
  console.log(net.summary([1, 16, 16, 3]));
  net.freeze('backbone.stem');
  const optimizer = new SGD(net.namedVariables(), { momentum: 0.9 });
  const random = new Random(3);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { x, y } = images(random);
    const { value, gradients } = valueAndGradients(net, () =>
      tf.losses.sigmoidCrossEntropy(y, net.forward(x, { training: true, random })),
    );
    optimizer.step(gradients, 0.05);
    losses.push((await value.data())[0]!);
    tf.dispose([x, y, value, gradients]);
  }
  optimizer.dispose();

  await save(net, path);
  const copy = seeded(4, () => new UNet());
  await load(copy, path);
  const onnx = await exportOnnx(copy, { input: [1, 16, 16, 3] });
  await fuse(copy);
  const { x, y } = images(random);
  const logits = await predict(copy, x);
  const right = tf.tidy(() => tf.mean(tf.equal(tf.greater(logits, 0), tf.greater(y, 0.5))).dataSync()[0]!);
  tf.dispose([x, y, logits]);
  net.dispose();
  copy.dispose();
  return { first: losses[0]!, last: losses.at(-1)!, right, onnx };
}
