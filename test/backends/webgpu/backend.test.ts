import * as tf from '@tensorflow/tfjs-core';
import { countedOnWebgpu, describeOnWebgpu } from '../../helpers/webgpu.js';

describeOnWebgpu('the backend skipscale-webgpu', () => {
  /** Some steps of tfjs's kernels, and a read. */
  async function work(x: tf.Tensor2D, y: tf.Tensor2D) {
    const result = tf.tidy(() => {
      let h = x;
      for (let i = 0; i < 10; i++) h = tf.relu(tf.add(tf.matMul(h, y), h));
      return tf.mean(h);
    });
    const [value] = await result.data();
    result.dispose();
    return value;
  }

  test('submits once a step, and makes no buffer and no bind group again', async () => {
    const x = tf.randomUniform([40, 40], -0.1, 0.1, 'float32', 1) as tf.Tensor2D;
    const y = tf.randomUniform([40, 40], -0.1, 0.1, 'float32', 2) as tf.Tensor2D;
    const value = await work(x, y);
    await work(x, y);
    const counts = await countedOnWebgpu(async () => expect(await work(x, y)).toBe(value));
    expect(counts).toMatchObject({
      submits: 1,
      reads: 1,
      buffersMade: 0,
      bindGroupsMade: 0,
      pipelinesMade: 0,
    });
    expect(counts).toMatchObject({ bytesUploaded: 0 });
    expect(counts.dispatches).toBeGreaterThan(20);
    tf.dispose([x, y]);
  });
});
