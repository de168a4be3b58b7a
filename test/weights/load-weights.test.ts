import * as tf from '@tensorflow/tfjs-core';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import type { NamedVariable } from '../../src/core/module.js';
import { DepthwiseConv2D } from '../../src/layers/depthwise-conv2d.js';
import { buildModel } from '../../src/models/build-model.js';
import type { ConventionName } from '../../src/models/conventions.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { buildResNet } from '../../src/models/resnet.js';
import { CheckpointError } from '../../src/weights/formats/checkpoint.js';
import { pretrained } from '../../src/pretrained/pretrained.js';
import { load } from '../../src/weights/load.js';
import { encodeSafetensors, type TensorToWrite } from '../../src/weights/formats/safetensors.js';
import { encode } from '../../src/weights/encode.js';
import { readGolden, ruleFloats } from '../helpers/golden.js';
import { describeWithShared, sharedFile } from '../helpers/shared.js';
import { torchKey } from '../helpers/torch-model.js';

type Shapes = Record<string, number[]>;
const stateDicts = readGolden<Record<string, Record<string, Shapes>>>('state_dicts.json');

function count(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** A file of these tensors, filled by `fill`. */
function fileOf(shapes: Shapes, fill: (key: string, size: number) => Float32Array, prefix = ''): Uint8Array {
  return encodeSafetensors(
    new Map(
      Object.entries(shapes).map(([key, shape]) => [
        prefix + key,
        { shape, values: fill(key, count(shape)) } satisfies TensorToWrite,
      ]),
    ),
  );
}

function byRule(key: string, size: number): Float32Array {
  return ruleFloats(key, size);
}

function build(name: string, convention: ConventionName = 'torchvision'): ImageClassifier {
  return buildModel(name, { initialize: false, convention });
}

/** A variable's values in PyTorch's order: [O, I, kH, kW], [C, 1, kH, kW] or [out, in]. */
function torchOrder({ variable, owner }: NamedVariable): Float32Array {
  const values = variable.dataSync<'float32'>();
  const { shape } = variable;
  if (shape.length === 1) return values;
  const [height, width, inner, outer] = (shape.length === 4 ? shape : [1, 1, ...shape]) as [
    number,
    number,
    number,
    number,
  ];
  // Ours are [kH, kW, I, O], a depthwise kernel [kH, kW, C, 1].
  const depthwise = owner instanceof DepthwiseConv2D;
  const [outs, ins] = depthwise ? [inner, 1] : [outer, inner];
  const out = new Float32Array(values.length);
  let to = 0;
  for (let o = 0; o < outs; o++) {
    for (let i = 0; i < ins; i++) {
      for (let place = 0; place < height * width; place++) {
        out[to++] = values[(place * ins + i) * outs + o]!;
      }
    }
  }
  return out;
}

function expectEqual(actual: Float32Array, expected: Float32Array): void {
  expect(Buffer.from(actual.buffer).equals(Buffer.from(expected.buffer))).toBe(true);
}

/** Expects the values of the rule on torchvision's keys. */
function expectRule(model: ImageClassifier): void {
  for (const named of model.namedVariables()) {
    expectEqual(torchOrder(named), byRule(torchKey(model, named), named.variable.size));
  }
}

function snapshot(model: ImageClassifier): number[] {
  return Array.from(model.variables(), (variable) => variable.dataSync()[0]!);
}

afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

describe('torchvision', () => {
  const small = ['resnet18', 'efficientnet-b0'];

  test.each(small)('every value of %s comes to its place', async (name) => {
    const model = build(name);
    const before = tf.memory().numTensors;
    const result = await load(model, fileOf(stateDicts['torchvision']![name]!, byRule));
    expect(tf.memory().numTensors).toBe(before);
    expect(result.source).toBe('torchvision');
    expect(result.loaded).toEqual(Array.from(model.namedVariables(), ({ name }) => name));
    expect([result.missing, result.extra]).toEqual([[], []]);
    expectRule(model);
    model.dispose();
  });

  const large = Object.keys(stateDicts['torchvision']!).filter((name) => !small.includes(name));
  test.each(large)('every tensor of %s is loaded from its key', async (name) => {
    const keys = Object.keys(stateDicts['torchvision']![name]!);
    const file = fileOf(stateDicts['torchvision']![name]!, (key, size) =>
      new Float32Array(size).fill(keys.indexOf(key)),
    );
    const model = build(name);
    await load(model, file);
    for (const named of model.namedVariables()) {
      const values = named.variable.dataSync();
      expect([values[0], values.at(-1)]).toEqual(Array(2).fill(keys.indexOf(torchKey(model, named))));
    }
    model.dispose();
  });
});

test.each(Object.keys(stateDicts['efficientnet-pytorch']!))(
  'the names of efficientnet-pytorch: %s',
  async (name) => {
    const shapes = stateDicts['efficientnet-pytorch']![name]!;
    const model = build(name, 'keras');
    const { source, loaded } = await load(model, fileOf(shapes, byRule));
    expect(source).toBe('efficientnet-pytorch');
    expect(loaded).toHaveLength(model.variables().length);
    // Both sources define their layers in the order in which they run.
    const keys = Object.keys(shapes).filter((key) => !key.endsWith('num_batches_tracked'));
    const ours = Array.from(model.namedVariables());
    expect(keys).toHaveLength(ours.length);
    ours.forEach((named, i) => expectEqual(torchOrder(named), byRule(keys[i]!, named.variable.size)));
    model.dispose();
  },
);

test('weights are refused by a model of another convention, unless it need not be strict', async () => {
  const file = fileOf(stateDicts['efficientnet-pytorch']!['efficientnet-b0']!, byRule);
  const model = build('efficientnet-b0', 'torchvision');
  await expect(load(model, file)).rejects.toThrow(
    /\nefficientnet-pytorch's networks have the convention 'keras' or 'timm-tf', and the model has 'torchvision'\.$/,
  );
  const { loaded } = await load(model, file, { strict: false });
  expect(loaded).toHaveLength(model.variables().length);
  model.dispose();
});

test("a plain network's weights are refused by a ResNet, whose shapes they have", async () => {
  const plain = buildResNet(20, { shortcut: 'none', seed: 1 });
  const file = await encode(plain);
  plain.dispose();
  const model = buildResNet(20, { seed: 2 });
  await expect(load(model, file)).rejects.toThrow(
    /\nThe weights are of a network with the shortcut 'none', and the model has 'pad'\.$/,
  );
  const { loaded } = await load(model, file, { strict: false });
  expect(loaded).toHaveLength(model.variables().length);
  const foreign = await encode(model, { metadata: { architecture: 'another program’s' } });
  await expect(load(model, foreign)).resolves.toMatchObject({ missing: [] });
  model.dispose();
});

describe('a model of few parameters', () => {
  const shapes = { ...cifarShapes() };
  let model: ImageClassifier;

  beforeEach(() => {
    model = buildResNet(20, { seed: 5 });
  });

  afterEach(() => model.dispose());

  test('keys of a model that DataParallel wrapped', async () => {
    const { loaded } = await load(model, fileOf(shapes, byRule, 'module.'));
    expect(loaded).toHaveLength(model.variables().length);
    expectRule(model);
  });

  test('keys that no forward pass needs are passed over', async () => {
    const { extra } = await load(model, fileOf({ ...shapes, 'bn1.num_batches_tracked': [1] }, byRule));
    expect(extra).toEqual([]);
  });

  test('a path and a URL', async () => {
    const bytes = fileOf(shapes, byRule);
    const server = createServer((_, response) => response.end(bytes));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await load(model, `http://127.0.0.1:${(server.address() as AddressInfo).port}/resnet20`);
    server.close();
    expectRule(model);
    await expect(load(model, 'no/such.safetensors')).rejects.toThrow(/no\/such\.safetensors cannot be read/);
    await expect(load(model, __filename)).rejects.toThrow(CheckpointError);
  });

  test('what was loaded does not change with the bytes that it came from', async () => {
    const bytes = fileOf(shapes, byRule);
    await load(model, bytes);
    bytes.fill(0);
    expectRule(model);
  });

  describe('errors leave the model as it was', () => {
    /** Loads, and returns the message of the error. */
    async function refused(file: Uint8Array, options = {}): Promise<string> {
      const before = snapshot(model);
      const tensors = tf.memory().numTensors;
      const error: unknown = await load(model, file, options).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(Error);
      expect(snapshot(model)).toEqual(before);
      expect(tf.memory().numTensors).toBe(tensors);
      return (error as Error).message;
    }

    test('every missing, extra and mis-shaped key is in one message', async () => {
      const changed: Shapes = { ...shapes, 'layer9.0.conv1.weight': [3], other: [2, 2] };
      delete changed['fc.bias'];
      delete changed['layer2.1.bn1.running_var'];
      changed['conv1.weight'] = [16, 3, 7, 7];
      changed['fc.weight'] = [64, 10];
      const message = await refused(fileOf(changed, byRule));
      expect(message).toMatch(/^The weights do not fit resnet20\. .*torchvision/);
      expect(message).toContain('2 missing: layer2.1.bn1.running_var, fc.bias');
      expect(message).toContain('2 not in the model: layer9.0.conv1.weight, other');
      expect(message).toContain('2 of another shape: conv1.weight is [16,3,7,7], not [16,3,3,3]');
      expect(message).toContain('fc.weight is [64,10], not [10,64]');
    });

    test('weights of another network that is known: it is named, and no list', async () => {
      const message = await refused(fileOf(cifarShapes(5), byRule));
      expect(message).toMatch(
        /^The weights do not fit resnet20\. They are of resnet32, with 10 classes: build that/,
      );
      expect(message).not.toContain('layer');
    });

    test('of many names the first ones, and how many more', async () => {
      const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`other.${i}`, [1]]));
      const message = await refused(fileOf({ ...shapes, ...many }, byRule));
      expect(message).toContain('300 not in the model: other.0, other.1, ');
      expect(message).toMatch(/other\.19 and 280 more$/);
    });

    test('an exception that the model has not', async () => {
      const message = await refused(fileOf(shapes, byRule), { except: ['head', 'stages.3'] });
      expect(message).toMatch(/^except names 'stages.3', which resnet20 does not have/);
    });

    test('names that nobody gives', async () => {
      const message = await refused(fileOf({ 'encoder.weight': [3], 'encoder.bias': [3] }, byRule));
      expect(message).toContain(
        'None of their names is one that torchvision, timm, huggingface, keras, pytorch_resnet_cifar10',
      );
      expect(message).toContain('2 not in the model: encoder.weight, encoder.bias');
      const lenient = await refused(fileOf({ 'encoder.weight': [3] }, byRule), { strict: false });
      expect(lenient).toContain('None of their names');
    });

    test.each([NaN, Infinity, -Infinity])('a value that is %d', async (value) => {
      const file = fileOf(shapes, (key, size) => {
        const values = byRule(key, size);
        if (key === 'layer3.2.bn2.weight' || key === 'fc.weight') values[size - 1] = value;
        return values;
      });
      const message = await refused(file);
      expect(message).toContain('2 not finite: layer3.2.bn2.weight, fc.weight');
    });

    test('another shape even where it need not be strict', async () => {
      const message = await refused(fileOf({ ...shapes, 'fc.weight': [7, 64], 'fc.bias': [7] }, byRule), {
        strict: false,
      });
      expect(message).toContain(
        '2 of another shape: fc.weight is [7,64], not [10,64], fc.bias is [7], not [10]',
      );
      expect(message).not.toContain('missing:');
    });
  });

  test('a head of other classes keeps its values, and all else is loaded', async () => {
    model.resetHead(3, { seed: 7 });
    const head = Array.from(model.head!.weight.dataSync());
    const file = fileOf(shapes, byRule);
    await expect(load(model, file)).rejects.toThrow('fc.weight is [10,64], not [3,64]');
    const { loaded, missing, extra } = await load(model, file, { except: ['head'] });
    expect(loaded).toHaveLength(model.variables().length - 2);
    expect([missing, extra]).toEqual([[], []]);
    expect(Array.from(model.head!.weight.dataSync())).toEqual(head);
    expectEqual(model.stem.norm.bias.dataSync<'float32'>(), byRule('bn1.bias', 16));
  });

  test('where it need not be strict, what is in both is loaded and the rest named', async () => {
    const before = snapshot(model);
    const { loaded, missing, extra } = await load(
      model,
      fileOf({ 'conv1.weight': shapes['conv1.weight']!, other: [2] }, byRule),
      { strict: false },
    );
    expect(loaded).toEqual(['stem.conv.weight']);
    expect(missing).toHaveLength(model.variables().length - 1);
    expect(missing).toContain('fc.bias');
    expect(extra).toEqual(['other']);
    const after = snapshot(model);
    expect(after.filter((value, i) => value !== before[i])).toHaveLength(1);
    expect(after[0]).toBe(byRule('conv1.weight', 1)[0]);
  });
});

describeWithShared('data/cifar10', 'pytorch_resnet_cifar10', () => {
  test.each([
    [20, 'resnet20-12fca82f.th'],
    [32, 'resnet32-d509ac18.th'],
  ] as const)('ResNet-%d loads from its file of the older format', async (depth, file) => {
    const model = buildResNet(depth, { initialize: false });
    const { source, loaded, extra } = await load(model, sharedFile('data/cifar10', file));
    expect(source).toBe('pytorch_resnet_cifar10');
    expect(loaded).toHaveLength(model.variables().length);
    expect(extra).toEqual([]);
    model.dispose();
  });
});

describeWithShared('golden', 'torchvision of another version', () => {
  test.each(['resnet18', 'resnet50', 'efficientnet_b0'])('has the same keys and shapes: %s', (name) => {
    const file = join(sharedFile('golden'), `${name}.json`);
    const { state_dict: shapes } = JSON.parse(readFileSync(file, 'utf8')) as { state_dict: Shapes };
    expect(stateDicts['torchvision']![name.replace('_', '-')]).toEqual(shapes);
  });
});

/** The keys and shapes of torchvision's ResNet class with the blocks of a CIFAR network and shortcuts without weights. */
function cifarShapes(blocks = 3): Shapes {
  const norm = (name: string, channels: number): Shapes =>
    Object.fromEntries(
      ['weight', 'bias', 'running_mean', 'running_var'].map((leaf) => [`${name}.${leaf}`, [channels]]),
    );
  const shapes: Shapes = { 'conv1.weight': [16, 3, 3, 3], ...norm('bn1', 16) };
  let channels = 16;
  for (let stage = 1; stage <= 3; stage++) {
    const filters = 8 * 2 ** stage;
    for (let block = 0; block < blocks; block++) {
      const name = `layer${stage}.${block}`;
      shapes[`${name}.conv1.weight`] = [filters, channels, 3, 3];
      Object.assign(shapes, norm(`${name}.bn1`, filters));
      shapes[`${name}.conv2.weight`] = [filters, filters, 3, 3];
      Object.assign(shapes, norm(`${name}.bn2`, filters));
      channels = filters;
    }
  }
  return { ...shapes, 'fc.weight': [10, 64], 'fc.bias': [10] };
}

describe('weights of encode for a network that sees colours in another manner', () => {
  const small = { width: 0.25, initialize: false } as const;
  const other = { mean: [0.1, 0.2, 0.3], channels: 'bgr' } as const;

  test('are refused, with the parts that differ; { strict: false } takes them', async () => {
    const saved = buildModel('resnet20', { ...small, preprocessing: other });
    const model = buildModel('resnet20', small);
    const bytes = await encode(saved);
    await expect(load(model, bytes)).rejects.toThrow(
      /^The weights do not fit the preprocessing of this resnet20: the file's channels is "bgr", and the model's is "rgb"; mean is \[0\.1,0\.2,0\.3\], and .* Build the model with \{ preprocessing: \{"channels":"bgr","mean":\[0\.1,0\.2,0\.3\]\} \}/,
    );
    await load(model, bytes, { strict: false });
    await load(model, bytes, { except: ['stem'] });
    model.dispose();
    const same = buildModel('resnet20', { ...small, preprocessing: other });
    expect((await load(same, bytes)).missing).toEqual([]);
    same.dispose();
    saved.dispose();
  });

  test('may be of another size', async () => {
    const saved = buildModel('resnet20', { ...small, preprocessing: { size: 64, resize: 70 } });
    const model = buildModel('resnet20', small);
    await load(model, await encode(saved), { except: ['head'] });
    model.dispose();
    saved.dispose();
  });
});

test.each([
  [{ strict: 'false' }, "strict is the string 'false'; give true or false."],
  [{ cache: 1 }, 'cache is 1; give true or false.'],
  [{ except: 'head' }, "except is the string 'head'; give an array of parts, such as ['head']."],
])('load with %j', async (options, message) => {
  const model = buildModel('resnet20', { width: 0.25, initialize: false });
  await expect(load(model, await encode(model), options as never)).rejects.toThrow(message);
  model.dispose();
});

test.each([
  [Promise.resolve('x'), 'The weights are a promise (await it); give a path, a URL, a Blob'],
  [undefined, 'The weights are undefined; give a path'],
  [null, 'The weights are null; give a path'],
  [true, 'The weights are true; give a path'],
  [
    new ArrayBuffer(8),
    "The weights are an object (ArrayBuffer); give a path, a URL, a Blob, or the file's bytes",
  ],
  ['', 'The path of the weights is empty; give a path or a URL.'],
])('%p instead of weights is refused in words', async (source, message) => {
  const model = buildModel('resnet20', { width: 0.25, initialize: false });
  await expect(load(model, source as never)).rejects.toThrow(message);
  await expect(load(source as never)).rejects.toThrow(message);
  if (source !== undefined)
    await expect(pretrained('resnet20', { weights: source as never })).rejects.toThrow(message);
  model.dispose();
});
