import * as tf from '@tensorflow/tfjs-core';
import { kernelsFor } from '../../../src/backends/webgpu/kernels/index.js';
import { countedOnWebgpu, describeOnWebgpu, webgpuBackend } from '../../helpers/webgpu.js';

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

  test('values that are written meanwhile go to buffers that no recorded command uses', async () => {
    const filled = (value: number) => tf.tensor1d(Array<number>(2000).fill(value));
    // What a tidy frees, the next one's values might be written to.
    const results = [1, 2, 3].map((value) => tf.tidy(() => tf.relu(tf.add(filled(value), filled(10)))));
    const values = await Promise.all(results.map(async (result) => (await result.data())[1999]));
    expect(values).toEqual([11, 12, 13]);
    tf.dispose(results);
  });

  test('a device with few buffers a program has no kernel that takes more', () => {
    expect(Object.keys(kernelsFor(8))).not.toContain('SqueezeExcite');
    expect(Object.keys(kernelsFor(8))).toContain('FusedConv2DResidual');
    expect(Object.keys(kernelsFor(9))).toContain('SqueezeExciteGrad');
  });

  test('a profile has the time of each dispatch', async () => {
    // Large enough for a clock that counts in tenths of a millisecond.
    const x = tf.ones<tf.Rank.R4>([8, 64, 64, 32]);
    const times = await webgpuBackend().profile(() =>
      tf.tidy(() => tf.mean(tf.maxPool(x, 2, 2, 'valid'), [1, 2])).data(),
    );
    expect(times).toHaveLength(2);
    expect(times[0]!.program).toContain('pool max');
    for (const { milliseconds } of times) expect(milliseconds).toBeGreaterThan(0);
    x.dispose();
  });

  test('a wrong program is an error of what is run or read next', async () => {
    const backend = webgpuBackend();
    const tensor = tf.engine().makeTensorFromTensorInfo(backend.allocate([4]));
    const run = async () => {
      backend.run({ key: 'a wrong program', source: () => 'not WGSL', workgroups: [1, 1, 1] }, [tensor]);
      await tensor.data();
    };
    await expect(run()).rejects.toThrow(/^webgpu: .*WGSL/s);
  });
});
