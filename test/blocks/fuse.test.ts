import * as tf from '@tensorflow/tfjs-core';
import { ConvNorm, fuse, MBConv, ResidualBlock } from '../../src/blocks/index.js';
import { evaluation, type Context } from '../../src/core/context.js';
import { Module } from '../../src/core/module.js';
import { Random } from '../../src/core/random.js';
import { Dense, GlobalAvgPool } from '../../src/layers/index.js';
import { largestDifference, randomTensor } from '../helpers/tensors.js';
import { fillModule } from '../helpers/torch-model.js';

/** A network that this library has never seen; its stem runs twice. */
class Net extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly stem = new ConvNorm({ inChannels: 4, filters: 4, kernelSize: 3, activation: 'swish' });
  readonly body = {
    first: new ResidualBlock({ kind: 'basic', inChannels: 4, channels: 6, stride: 2 }),
    rest: [new MBConv({ inChannels: 6, outChannels: 6, kernelSize: 3, expandRatio: 2 })],
  };
  readonly pool = new GlobalAvgPool();
  readonly head = new Dense({ inFeatures: 6, units: 3 });

  override forward(x: tf.Tensor4D, context: Context): tf.Tensor2D {
    return tf.tidy(() => {
      let y = this.stem.forward(this.stem.forward(x, context), context);
      y = this.body.first.forward(y, context);
      for (const block of this.body.rest) y = block.forward(y, context);
      return this.head.forward(this.pool.forward(y));
    });
  }
}

test.each(['cpu', 'simd'])('folds every unit of any module, on %s, and says which', async (backend) => {
  await tf.setBackend(backend);
  const net = new Net();
  fillModule(net, ({ name }) => name);
  const x = randomTensor<tf.Rank.R4>([2, 8, 8, 4], 1);
  const before = net.forward(x, evaluation);
  const read = jest.spyOn(tf.backend(), 'readSync');
  const folded: string[] = [];
  expect(await fuse(net, { onFolded: (path) => folded.push(path) })).toBe(net);
  expect(read).not.toHaveBeenCalled();
  read.mockRestore();
  expect(folded).toEqual([
    'stem',
    'body.first.conv1',
    'body.first.conv2',
    'body.first.shortcut',
    'body.rest.0.expand',
    'body.rest.0.depthwise',
    'body.rest.0.project',
  ]);
  const after = net.forward(x, evaluation);
  const scale = tf.tidy(() => tf.max(tf.abs(before)).dataSync()[0]!);
  expect(largestDifference(before, after)).toBeLessThan(1e-5 * scale);
  expect(() => net.forward(x, { training: true, random: new Random(0) })).toThrow(
    'A fused network cannot be trained',
  );
  await fuse(net, { onFolded: (path) => folded.push(path) }); // Once more finds nothing.
  expect(folded).toHaveLength(7);
  tf.dispose([x, before, after]);
  net.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

test('what is no module is refused', async () => {
  await expect(fuse({} as never)).rejects.toThrow(/^fuse: the model is an object; give a Module/);
});
