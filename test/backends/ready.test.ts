import * as tf from '@tensorflow/tfjs-core';
import { HOST, registerHost } from '../../src/backends/host.js';
import { readyIn } from '../../src/backends/ready.js';
import { buildResNet, ready } from '../../src/index.js';

let before: string;
beforeAll(async () => {
  await tf.ready();
  before = tf.getBackend();
});
afterEach(async () => {
  await tf.setBackend(before);
});

const image = () => tf.zeros<tf.Rank.R4>([1, 8, 8, 3]);

describe('ready', () => {
  test('leaves a backend that is in use as it is', async () => {
    await tf.setBackend('cpu');
    expect(await ready()).toBe('cpu');
  });

  test('takes a backend by name, and variables go with it', async () => {
    await ready({ backend: 'simd' });
    const model = buildResNet(20, { width: 0.25, seed: 1 });
    const expected = tf.tidy(() => model.predict(image()).arraySync());
    expect(await ready({ backend: 'cpu' })).toBe('cpu');
    const found = tf.tidy(() => model.predict(image()).arraySync());
    found[0]!.forEach((value, i) => expect(value).toBeCloseTo(expected[0]![i]!, 5));
    model.dispose();
  });

  test('names what may be had where a backend is not there', async () => {
    await expect(ready({ backend: 'webgl' })).rejects.toThrow(
      /^The backend 'webgl' cannot be started here; give one of '.*simd.*'/,
    );
    expect(tf.getBackend()).toBe(before);
  });

  test('measures, takes the fastest, and leaves no tensor behind', async () => {
    const slow = 'slow-for-test';
    tf.copyRegisteredKernels('cpu', slow);
    tf.registerBackend(slow, () => tf.findBackend('cpu'));
    const { numTensors } = tf.memory();
    const ran: string[] = [];
    const measure = () => {
      ran.push(tf.getBackend());
      const end = performance.now() + (tf.getBackend() === slow ? 30 : 0);
      while (performance.now() < end);
      return tf.add(1, 1);
    };
    expect(await ready({ measure })).toBe('simd');
    expect([...new Set(ran)].sort()).toEqual(['simd', slow]);
    expect(tf.memory().numTensors).toBe(numTensors);
    Reflect.deleteProperty(tf.engine().registryFactory, slow);
    Reflect.deleteProperty(tf.engine().registry, slow);
  });

  test('keeps the backend before where one does not start', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => {});
    const broken = 'broken-for-test';
    tf.registerBackend(broken, () => Promise.reject(new Error('no device')));
    await tf.setBackend('cpu');
    await expect(ready({ backend: broken })).rejects.toThrow(
      `The backend '${broken}' cannot be started here`,
    );
    expect(tf.getBackend()).toBe('cpu');
    expect(await ready()).toBe('cpu');
    // tfjs itself may have been told of it.
    expect(await tf.setBackend(broken)).toBe(false);
    expect(await ready()).toBe('simd');
    Reflect.deleteProperty(tf.engine().registryFactory, broken);
    warn.mockRestore();
  });

  test('passes over a backend that cannot run the work, and says where none can', async () => {
    const measure = () => {
      throw new Error('no such kernel');
    };
    await expect(ready({ measure })).rejects.toThrow(/could run the measurement: no such kernel$/);
  });

  test('calls wait for those before them', async () => {
    const order: string[] = [];
    const load = (name: string, time: number) => async () => {
      await new Promise((resolve) => setTimeout(resolve, time));
      order.push(name);
      return true;
    };
    const choosing = readyIn({
      loaders: { cpu: load('cpu', 20), simd: load('simd', 0) },
      choose: () => tf.ready(),
    });
    const found = await Promise.all([
      choosing({ backend: 'cpu' }),
      choosing({ backend: 'simd' }),
      choosing(),
    ]);
    expect(order).toEqual(['cpu', 'simd']);
    expect(found).toEqual(['cpu', 'simd', 'simd']);
  });
});

describe('the backend without kernels', () => {
  beforeAll(registerHost);

  test('holds the variables of a network until there is another', async () => {
    await tf.setBackend('cpu');
    const model = buildResNet(20, { width: 0.25, seed: 1 });
    const expected = tf.tidy(() => model.predict(image()).arraySync());
    model.dispose();

    await tf.setBackend(HOST);
    const { numTensors } = tf.memory();
    const early = buildResNet(20, { width: 0.25, seed: 1 });
    const host = tf.findBackend(HOST);
    expect(host.numDataIds()).toBe(early.variables().length);
    expect(Array.from(early.variables()[0]!.dataSync())).toEqual(
      Array.from(await early.variables()[0]!.data()),
    );
    const input = image();
    expect(() => early.predict(input)).toThrow(/backend 'none yet: first await ready\(\) of skipscale'/);
    input.dispose();
    await tf.setBackend('cpu');
    expect(tf.tidy(() => early.predict(image()).arraySync())).toEqual(expected);
    early.dispose();
    expect(host.numDataIds()).toBe(0);
    expect(tf.memory().numTensors).toBe(numTensors);
  });

  test('counts who holds a value', async () => {
    await tf.setBackend(HOST);
    const host = tf.findBackend(HOST);
    const one = tf.tensor1d([1, 2]);
    const variable = tf.variable(one);
    expect(host.refCount(one.dataId)).toBe(2);
    one.dispose();
    expect(Array.from(variable.dataSync())).toEqual([1, 2]);
    variable.dispose();
    expect(host.numDataIds()).toBe(0);
  });
});
