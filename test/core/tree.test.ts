import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../src/core/errors.js';
import { Module } from '../../src/core/module.js';
import { parameter, statistic } from '../../src/core/variables.js';
import { Random } from '../../src/core/random.js';
import { BatchNorm } from '../../src/layers/batch-norm.js';
import { Conv2D } from '../../src/layers/conv2d.js';
import { Dropout, StochasticDepth } from '../../src/layers/dropout.js';
import { SGD } from '../../src/training/optim/sgd.js';

const random = new Random(1);
const conv = () => new Conv2D({ inChannels: 2, filters: 2, kernelSize: 1, random });
const names = (module: Module) => Array.from(module.namedVariables(), ({ name }) => name);

abstract class Network extends Module {
  override forward(x: tf.Tensor4D): tf.Tensor4D {
    return tf.relu(x);
  }
}

let latest: Module | undefined;
function made<M extends Module>(made: M): M {
  latest = made;
  return made;
}
afterEach(() => {
  latest?.dispose();
  latest = undefined;
  expect(tf.memory().numTensors).toBe(0);
});

describe('the tree', () => {
  class Everything extends Network {
    readonly body = { first: conv(), rest: [conv(), { deep: [[conv()]] }] };
    readonly byName = new Map<string | number, unknown>([
      ['left', conv()],
      [7, { inner: conv() }],
    ]);
    readonly scales = [parameter(Float32Array.of(1), [1]), parameter(Float32Array.of(2), [1])];
    readonly sizes = new Map([['pixels', 3]]);
    readonly nothing = null;
  }

  test('goes through arrays, plain objects and Maps', () => {
    const net = made(new Everything());
    expect(names(net)).toEqual([
      'scales.0',
      'scales.1',
      'body.first.weight',
      'body.rest.0.weight',
      'body.rest.1.deep.0.0.weight',
      'byName.left.weight',
      'byName.7.inner.weight',
    ]);
    expect(net.variables()).toHaveLength(tf.memory().numTensors);
  });

  test('lists a shared module, and a shared variable, once, under the first path', () => {
    class Shared extends Network {
      readonly encoder = conv();
      readonly decoder = { same: this.encoder, other: conv() };
      readonly tied = this.encoder.weight;
      readonly again = this.decoder;
    }
    const net = made(new Shared());
    // A module's variables come before those of the modules below it.
    expect(names(net)).toEqual(['tied', 'decoder.other.weight']);
    expect(Array.from(net.namedModules(), ({ name }) => name)).toEqual(['', 'encoder', 'decoder.other']);
    expect(net.variables()).toHaveLength(2);
    net.freeze('encoder');
    expect(Array.from(net.namedVariables(), ({ trainable }) => trainable)).toEqual([false, true]);
  });

  test('ends where modules and objects lead in a circle', () => {
    interface Ring {
      conv: Conv2D;
      self?: Ring;
      net?: Network;
    }
    class Circular extends Network {
      readonly ring: Ring = { conv: conv() };
      readonly list: unknown[] = [];
    }
    const net = made(new Circular());
    net.ring.self = net.ring;
    net.ring.net = net;
    net.list.push(net.list, net);
    expect(names(net)).toEqual(['ring.conv.weight']);
    net.freeze();
    expect(net.ring.conv.isFrozen).toBe(true);
  });

  test('does not go into tensors, typed arrays, other classes, nor call accessors', () => {
    class Registry {
      readonly conv = conv();
    }
    class Odd extends Network {
      readonly registry = new Registry();
      readonly values = new Float32Array(1000);
      readonly input = tf.zeros([2]);
      readonly bare = Object.assign(Object.create(null) as object, { conv: conv() });
      constructor() {
        super();
        Object.defineProperty(this, 'lazy', {
          enumerable: true,
          get: () => {
            throw new Error('was called');
          },
        });
      }
    }
    const net = made(new Odd());
    expect(names(net)).toEqual(['bare.conv.weight']);
    tf.dispose([net.registry.conv.weight, net.input]);
  });

  test('of what was disposed of says so, wherever a variable is', () => {
    const net = made(new Everything());
    const { first } = net.body;
    net.dispose();
    expect(tf.memory().numTensors).toBe(0);
    expect(() => net.variables()).toThrow('This Everything was disposed of');
    expect(() => first.weight).toThrow('This Everything was disposed of');
    expect(() => first.variables()).toThrow('This Everything was disposed of');
  });

  test('takes several inputs and gives several outputs', () => {
    class Pair extends Module<{ left: tf.Tensor4D; right: tf.Tensor2D }, [tf.Tensor4D, tf.Tensor2D]> {
      override forward({
        left,
        right,
      }: {
        left: tf.Tensor4D;
        right: tf.Tensor2D;
      }): [tf.Tensor4D, tf.Tensor2D] {
        return [tf.relu(left), tf.neg(right)];
      }
    }
    const [left, right] = tf.tidy(() =>
      new Pair().forward({ left: tf.zeros([1, 2, 2, 1]), right: tf.ones([1, 2]) }),
    );
    expect([left.shape, right.shape]).toEqual([
      [1, 2, 2, 1],
      [1, 2],
    ]);
    tf.dispose([left, right]);
  });
});

describe('freezing', () => {
  class Net extends Network {
    readonly stem = {
      conv: conv(),
      norm: new BatchNorm({ channels: 2, epsilon: 1e-5, momentum: 0.9, runningVariance: 'biased' }),
    };
    readonly stages = [[conv(), conv()], [conv()]];
    readonly 'a.b' = conv();
    readonly shared = this.stem.conv;
    readonly scale = parameter(Float32Array.of(1), [1]);
    readonly count = statistic(Float32Array.of(1), [1]);
  }
  const frozen = (net: Net) =>
    Array.from(net.namedModules()).flatMap(({ name, module }) => (module.isFrozen ? [name] : []));
  const trainable = (net: Net) =>
    Array.from(net.namedVariables()).flatMap(({ name, trainable }) => (trainable ? [name] : []));

  test('takes paths of modules and of what holds modules', () => {
    const net = made(new Net());
    net.freeze('stages.0', 'a.b');
    expect(frozen(net)).toEqual(['stages.0.0', 'stages.0.1', 'a.b']);
    net.unfreeze('stages.0.1');
    expect(frozen(net)).toEqual(['stages.0.0', 'a.b']);
    expect(trainable(net)).toEqual([
      'scale',
      'stem.conv.weight',
      'stem.norm.weight',
      'stem.norm.bias',
      'stages.0.1.weight',
      'stages.1.0.weight',
    ]);
  });

  test('without paths is of the module and everything below it', () => {
    const net = made(new Net());
    net.stem.norm.freeze();
    expect(frozen(net)).toEqual(['stem.norm']);
    net.freeze();
    expect(net.isFrozen).toBe(true);
    expect(trainable(net)).toEqual([]);
    net.unfreeze();
    expect(frozen(net)).toEqual([]);
  });

  test('knows a shared module by each of its paths', () => {
    const net = made(new Net());
    net.freeze('shared');
    expect(frozen(net)).toEqual(['stem.conv']);
  });

  test.each([
    ['body', "Net has no module at 'body'; give a path such as 'stem', 'stages', 'a.b', 'shared'."],
    ['stages.2', "Net has no module at 'stages.2'; give a path such as 'stages.0', 'stages.1'."],
    [
      'stages.0.cnv.x',
      "Net has no module at 'stages.0.cnv.x'; give a path such as 'stages.0.0', 'stages.0.1'.",
    ],
    ['stem.conv.weight', "at 'stem.conv.weight'; give a path such as 'stem.conv', 'stem.norm'."],
    ['', "Net has no module at ''; give a path such as 'stem', "],
    [undefined as never, 'Net has no module at undefined; give a path such as '],
    [['stem'] as never, 'Net has no module at an array; give a path such as '],
  ])(
    'of %j, which is no module, is an error that names what is near, and freezes nothing',
    (path, message) => {
      const net = made(new Net());
      expect(() => net.freeze('stem', path)).toThrow(message);
      expect(() => net.unfreeze(path)).toThrow(ArgumentError);
      expect(frozen(net)).toEqual([]);
    },
  );

  test('is live on a listed variable', () => {
    const net = made(new Net());
    const [listed] = net.namedVariables();
    expect(listed!.trainable).toBe(true);
    net.freeze();
    expect(listed!.trainable).toBe(false);
  });

  test('keeps a stem bit for bit under a plain optimizer over the named variables', () => {
    class Trained extends Module {
      readonly stem = conv();
      readonly norm = new BatchNorm({ channels: 2, epsilon: 1e-5, momentum: 0.9, runningVariance: 'biased' });
      readonly head = conv();
      override forward(x: tf.Tensor4D): tf.Tensor4D {
        const context = { training: true, random } as const;
        return tf.tidy(() => this.head.forward(this.norm.forward(this.stem.forward(x), context)));
      }
    }
    const net = made(new Trained());
    net.freeze('stem', 'norm');
    const values = () => net.variables().map((variable) => Array.from(variable.dataSync()));
    const before = values();
    const optimizer = new SGD(net.namedVariables(), { momentum: 0.9, weightDecay: 0.1 });
    const variables = optimizer.parameters.map(({ variable }) => variable);
    expect(variables).toEqual([net.head.weight]);
    tf.tidy(() => {
      const x = tf.tensor4d(new Random(3).normalArray(2 * 4 * 4 * 2, 1), [2, 4, 4, 2]);
      const loss = () => tf.mean(tf.square(net.forward(x))) as tf.Scalar;
      for (let step = 0; step < 3; step++) {
        const { grads } = tf.variableGrads(loss, variables);
        optimizer.step(
          variables.map(({ name }) => grads[name]!),
          0.1,
        );
      }
    });
    optimizer.dispose();
    const after = values();
    expect(after.slice(0, -1)).toEqual(before.slice(0, -1));
    expect(after.at(-1)).not.toEqual(before.at(-1));
  });
});

describe('a frozen layer acts as in evaluation', () => {
  const context = { training: true, random: new Random(2) } as const;
  const x = () => tf.tensor4d(new Random(3).normalArray(4 * 2 * 2 * 2, 1), [4, 2, 2, 2]);

  test.each([
    [
      'batch norm',
      () => new BatchNorm({ channels: 2, epsilon: 1e-5, momentum: 0.9, runningVariance: 'biased' }),
    ],
    ['dropout', () => new Dropout(0.5)],
    ['stochastic depth', () => new StochasticDepth(0.5)],
  ])('%s', (_, build) => {
    const layer = made(build() as Module);
    const output = (training: boolean) =>
      tf.tidy(() => Array.from(layer.forward(x(), training ? context : { training: false }).dataSync()));
    const evaluated = output(false);
    expect(output(true)).not.toEqual(evaluated);
    const held = layer.variables().map((variable) => Array.from(variable.dataSync()));
    layer.freeze();
    const expected = output(false);
    expect(output(true)).toEqual(expected);
    expect(layer.variables().map((variable) => Array.from(variable.dataSync()))).toEqual(held);
  });
});
