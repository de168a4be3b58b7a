import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { buildModel } from '../../src/models/build-model.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { buildResNet } from '../../src/models/resnet.js';
import { pretrained } from '../../src/pretrained/pretrained.js';
import { CheckpointError, type Checkpoint, type HostTensor } from '../../src/weights/formats/checkpoint.js';
import { load } from '../../src/weights/load.js';
import { loadCheckpoint } from '../../src/weights/load-weights.js';
import { nameMaps } from '../../src/weights/names/index.js';
import { keyedVariables } from '../../src/weights/names/name-map.js';
import { roots } from '../../src/weights/names/roots.js';
import { networkWeights, unreadTensors } from '../../src/weights/network-weights.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type TensorToWrite,
} from '../../src/weights/formats/safetensors.js';
import { ruleCheckpoint } from '../helpers/rule-checkpoint.js';

type Tensors = Map<string, TensorToWrite>;

const small = { width: 0.25, initialize: false };

/** The weights of a small network by torchvision's names, or another source's. */
function weights(source = 'torchvision', name = 'resnet20', options = {}): Tensors {
  const model = buildModel(name, { ...small, ...options });
  const map = nameMaps.find((map) => map.source === source)!;
  const tensors = ruleCheckpoint(model, map) as Tensors;
  model.dispose();
  return tensors;
}

function renamed(tensors: Tensors, rename: (key: string) => string): Tensors {
  return new Map(Array.from(tensors, ([key, tensor]) => [rename(key), tensor]));
}

const prefixed = (tensors: Tensors, prefix: string) => renamed(tensors, (key) => prefix + key);

function matrix(...shape: number[]): TensorToWrite {
  return { shape, values: new Float32Array(tf.util.sizeFromShape(shape)).fill(0.5) };
}

const base = weights();
const model = buildResNet(20, small);

afterAll(() => {
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

function snapshot(model: ImageClassifier): Float32Array[] {
  return model.variables().map((variable) => variable.dataSync<'float32'>());
}

let expected: Float32Array[];
beforeAll(async () => {
  await load(model, encodeSafetensors(base));
  expected = snapshot(model);
});

/** Zeroes the model, so that what a load leaves out shows. */
function clear(): void {
  for (const variable of model.variables()) tf.tidy(() => variable.assign(tf.zeros(variable.shape)));
}

/** What the result says of a prefix: without what only says how a model ran. */
const place = (prefix: string) =>
  prefix
    .split('.')
    .filter((part) => !part.startsWith('_'))
    .join('.')
    .replace(/\.$/, '');

const wrappers = [
  'module.',
  '_orig_mod.',
  'model.',
  'net.',
  'network.',
  'backbone.',
  'encoder.',
  'student.',
  '_forward_module.',
  '_fsdp_wrapped_module.',
];

test.each([
  ...wrappers,
  'module._orig_mod.',
  '_orig_mod.module.',
  'model._orig_mod.module.',
  'anything.of.a.user.',
])('the prefix %s is taken off, and said', async (prefix) => {
  clear();
  const { key, loaded, skipped } = await load(model, encodeSafetensors(prefixed(base, prefix)));
  expect(snapshot(model)).toEqual(expected);
  expect([key, loaded.length, skipped]).toEqual([place(prefix), expected.length, []]);
});

test('weights under any row of prefixes, among tensors that are no network’s, load as they are', async () => {
  const known = ['n_averaged', 'loss.weight', 'criterion.weight'];
  const shelf = fc.constantFrom(...known, 'other.head.weight', 'mean');
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...wrappers), { minLength: 1, maxLength: 4 }),
      fc.uniqueArray(shelf),
      fc.boolean(),
      async (prefixes, drawn, first) => {
        // Without a prefix that is the model's own, only these tell themselves from a network's.
        const others = drawn.filter((key) => place(prefixes.join('')) !== '' || known.includes(key));
        const renamedWeights = [...prefixed(base, prefixes.join(''))];
        const rest = others.map((key) => [key, matrix(3)] as const);
        clear();
        const file = encodeSafetensors(
          new Map(first ? [...rest, ...renamedWeights] : [...renamedWeights, ...rest]),
        );
        const { key, skipped } = await load(model, file);
        expect(snapshot(model)).toEqual(expected);
        expect(key).toBe(place(prefixes.join('')));
        expect([...skipped].sort()).toEqual([...others].sort());
      },
    ),
    { numRuns: 25 },
  );
});

test('parts that were compiled, sharded or recomputed by themselves', async () => {
  const wrapped = renamed(base, (key) =>
    key
      .replace(/^layer1\./, 'layer1._orig_mod.')
      .replace(
        /^layer2\.0\./,
        '_checkpoint_wrapped_module.layer2._fsdp_wrapped_module.0._checkpoint_wrapped_module.',
      ),
  );
  clear();
  const { key, extra } = await load(model, encodeSafetensors(prefixed(wrapped, '_fsdp_wrapped_module.')));
  expect(snapshot(model)).toEqual(expected);
  expect([key, extra]).toEqual(['', []]);
});

test('averaged weights: n_averaged and a loss’s weights are left out, also without a prefix', async () => {
  const averaged = new Map([['n_averaged', matrix(1)] as const, ...prefixed(base, 'module.')]);
  expect((await load(model, encodeSafetensors(averaged))).skipped).toEqual(['n_averaged']);
  const lossy = new Map([...base, ['criterion.weight', matrix(10)] as const]);
  expect((await load(model, encodeSafetensors(lossy))).skipped).toEqual(['criterion.weight']);
});

test('two networks in one file: asks which, and takes the one that is named', async () => {
  const other = new Map(
    Array.from(
      base,
      ([key, { shape, values }]) => [key, { shape, values: values.map((x) => 2 * x) }] as const,
    ),
  );
  const file = encodeSafetensors(
    new Map([...prefixed(base, 'student.backbone.'), ...prefixed(other, 'teacher.backbone.')]),
  );
  await expect(load(model, file)).rejects.toThrow(
    /several weights: 'student\.backbone' \(\d+ tensors\), 'teacher\.backbone' .*--checkpoint-key student\.backbone/,
  );
  clear();
  const { key, skipped } = await load(model, file, { checkpointKey: 'student' });
  expect(snapshot(model)).toEqual(expected);
  expect([key, skipped.length]).toEqual(['student.backbone', base.size]);
  await expect(load(model, encodeSafetensors(base), { checkpointKey: 'ema' })).rejects.toThrow(
    "This file has no weights 'ema'; ",
  );
});

test('blocks whose kernels have the name of the stem are no networks', () => {
  const withoutStem = new Map([...base].filter(([key]) => !/^(conv1|bn1)/.test(key)));
  const { tensors } = networkWeights(decodeSafetensors(encodeSafetensors(withoutStem)));
  expect([...tensors.keys()]).toEqual([...withoutStem.keys()]);
});

test('thirty thousand names that look like the begin of a network take no time', () => {
  const tensor = decodeSafetensors(encodeSafetensors(new Map([['x', matrix(1, 1, 1, 1)]]))).tensors.get('x')!;
  const tensors = new Map<string, HostTensor>();
  for (let i = 0; i < 3e4; i++) tensors.set(`${i}.conv1.weight`, tensor);
  tensors.set('a.'.repeat(1e6), tensor);
  const checkpoint: Checkpoint = { tensors, metadata: new Map() };
  const begin = Date.now();
  expect(networkWeights(checkpoint).key).toBe('');
  expect(Date.now() - begin).toBeLessThan(5000);
});

describe('a head of another name', () => {
  const toHead = (name: string) => renamed(base, (key) => key.replace(/^(fc|linear)\./, `${name}.`));

  test('is asked for by name, with the layers that may be it, and the model is left as it was', async () => {
    clear();
    const before = snapshot(model);
    const error = (await load(model, encodeSafetensors(toHead('fc.1'))).catch((e: unknown) => e)) as Error;
    expect(error.message).toContain('2 missing: fc.weight, fc.bias');
    expect(error.message).toContain('2 not in the model: fc.1.weight, fc.1.bias');
    expect(error.message).toContain("its dense layers of other names are 'fc.1' [10,16]");
    expect(error.message).toContain("{ head: 'fc.1' }, or give { head: false }");
    expect(snapshot(model)).toEqual(before);
  });

  test.each(['fc.1', 'classifier.0.1', 'head.fc', 'classifier'])('%s, named', async (head) => {
    clear();
    model.labels = Array.from({ length: 10 }, (_, i) => `old ${i}`);
    const { missing, extra } = await load(model, encodeSafetensors(toHead(head)), { head });
    expect(snapshot(model)).toEqual(expected);
    expect([missing, extra, model.labels]).toEqual([[], [], undefined]);
  });

  test('outside of the backbone’s prefix', async () => {
    const tensors = prefixed(toHead('head'), 'backbone.');
    const file = encodeSafetensors(renamed(tensors, (key) => key.replace('backbone.head', 'classifier')));
    await expect(load(model, file)).rejects.toThrow(
      "its dense layers of other names are 'classifier' [10,16]",
    );
    clear();
    await load(model, file, { head: 'classifier' });
    expect(snapshot(model)).toEqual(expected);
  });

  test('left out: the rest is loaded, and what was left out is listed', async () => {
    clear();
    const { loaded, skipped, missing } = await load(model, encodeSafetensors(toHead('fc.1')), {
      head: false,
    });
    expect(loaded).toHaveLength(expected.length - 2);
    expect([skipped, missing]).toEqual([['fc.1.weight', 'fc.1.bias'], []]);
    expect(model.head!.weight.dataSync().every((x) => x === 0)).toBe(true);
  });

  test('that the file has not', async () => {
    await expect(load(model, encodeSafetensors(toHead('fc.1')), { head: 'fc.9' })).rejects.toThrow(
      "head names 'fc.9', which is no dense layer of the file; its dense layers of other names are 'fc.1' [10,16].",
    );
  });

  test('with a hidden layer before it is no head of one layer', async () => {
    const file = encodeSafetensors(
      new Map([...toHead('fc.2'), ['fc.0.weight', matrix(16, 16)], ['fc.0.bias', matrix(16)]]),
    );
    await expect(load(model, file, { head: 'fc.2' })).rejects.toThrow(
      '2 not in the model: fc.0.weight, fc.0.bias',
    );
    expect((await load(model, file, { head: false })).skipped).toHaveLength(4);
  });

  test('of another number of inputs', async () => {
    const file = encodeSafetensors(
      new Map([...toHead('x'), ['fc.1.weight', matrix(10, 7)], ['fc.1.bias', matrix(10)]]),
    );
    await expect(load(model, file, { head: 'fc.1' })).rejects.toThrow('fc.weight is [10,7], not [10,16]');
  });
});

describe('load, which finds the network', () => {
  const full = weights('torchvision', 'resnet20', { width: 1, classes: 5 });
  const head = (name: string) => renamed(full, (key) => key.replace(/^(fc|linear)\./, `${name}.`));
  const facts = (model: ImageClassifier) => {
    const { classes, architecture, labels } = model;
    model.dispose();
    return [architecture.name, classes, labels];
  };

  test('under prefixes, next to tensors of others, and says so', async () => {
    const file = new Map([...prefixed(full, 'model._orig_mod.'), ['loss.weight', matrix(5)] as const]);
    const onLoaded = jest.fn();
    expect(facts(await load(encodeSafetensors(file), { onLoaded }))).toEqual(['resnet20', 5, undefined]);
    expect(onLoaded.mock.calls).toMatchObject([[{ key: 'model', skipped: ['loss.weight'] }]]);
  });

  test('asks for the head where it has another name, takes the one named, or none', async () => {
    const file = encodeSafetensors(head('fc.1'));
    await expect(load(file)).rejects.toThrow(
      /The weights are of resnet20 without a head of the usual name; .*'fc\.1' \[5,64\]\. Name the one .*--head/,
    );
    expect(facts(await load(file, { head: 'fc.1' }))).toEqual(['resnet20', 5, undefined]);
    expect(facts(await load(file, { head: false }))).toEqual(['resnet20', undefined, undefined]);
    const fresh = await load(file, { head: false, classes: 3, seed: 4 });
    expect(fresh.head!.weight.dataSync().some((x) => x !== 0)).toBe(true);
    expect(facts(fresh)).toEqual(['resnet20', 3, undefined]);
  });

  test('layers of the user after the backbone, as in transfer learning', async () => {
    const hidden = new Map([
      ...head('fc.3'),
      ['fc.0.weight', matrix(64, 64)],
      ['fc.0.bias', matrix(64)],
    ] as const);
    const file = encodeSafetensors(hidden);
    await expect(load(file)).rejects.toThrow(/resnet20 without a head .*'fc\.3' \[5,64\], 'fc\.0' \[64,64\]/);
    await expect(load(file, { head: 'fc.3' })).rejects.toThrow('2 not in the model: fc.0.weight, fc.0.bias');
    expect(facts(await load(file, { head: false }))).toEqual(['resnet20', undefined, undefined]);
  });

  test('of several layers, or of other inputs than the features, none is recommended', async () => {
    const several = new Map([
      ...head('fc.2'),
      ['fc.0.weight', matrix(64, 64)],
      ['fc.0.bias', matrix(64)],
    ] as const);
    const other = new Map([...head('x'), ['fc.1.weight', matrix(5, 7)], ['fc.1.bias', matrix(5)]] as const);
    for (const name of ['x.weight', 'x.bias']) other.delete(name);
    for (const tensors of [several, other]) {
      const error = (await load(encodeSafetensors(tensors)).catch((e: unknown) => e)) as Error;
      expect(error.message).toContain('None of them alone can be the head, so give { head: false }');
      expect(error.message).not.toContain("head: 'fc");
    }
  });

  test('an error of load does not name strict, which load does not take', async () => {
    const file = encodeSafetensors(new Map([...full, ['own.weight', matrix(3)] as const]));
    const error = (await load(file).catch((e: unknown) => e)) as Error;
    expect(error.message).toContain('1 not in the model: own.weight');
    expect(error.message).not.toContain('strict');
  });

  test('tensors that are not read are named, with the reason, by load and load', async () => {
    const skipped = ['fc.weight (torch._utils._rebuild_qtensor)', 'optimizer (3 tensors)'];
    const words =
      '1 tensors were not read, which are quantized, sparse, complex or of another kind that is not known here: ' +
      'fc.weight (torch._utils._rebuild_qtensor). Save them as plain ones';
    const tensors = new Map(
      [...decodeSafetensors(encodeSafetensors(full)).tensors].filter(
        ([key]) => !/^(fc|linear)\.weight$/.test(key),
      ),
    );
    const network = buildResNet(20, { classes: 5 });
    const fill = () => loadCheckpoint(network, { tensors, metadata: new Map(), skipped }, {});
    expect(fill).toThrow('1 missing: fc.weight');
    expect(fill).toThrow(words);
    network.dispose();
    expect(unreadTensors({ skipped: skipped.slice(1) })).toBe('');
  });

  test('of Keras, with other dense layers', async () => {
    const keras = weights('keras', 'efficientnet-lite0', { width: 1, classes: 2 });
    const renamedWeights = renamed(keras, (key) => key.replace('predictions/', 'dense_1/'));
    const features = renamedWeights.get('dense_1/kernel')!.shape[0]!;
    const file = encodeSafetensors(
      new Map([
        ...renamedWeights,
        ['dense/kernel', matrix(features, features)],
        ['dense/bias', matrix(features)],
      ]),
    );
    await expect(load(file)).rejects.toThrow(
      `efficientnet-lite0 without a head of the usual name; its dense layers of other names are 'dense_1' [${features},2], ` +
        `'dense' [${features},${features}]`,
    );
    await expect(load(file, { head: 'dense_1' })).rejects.toThrow(
      '2 not in the model: dense/kernel, dense/bias',
    );
    expect(facts(await load(encodeSafetensors(renamedWeights), { head: 'dense_1' }))).toEqual([
      'efficientnet-lite0',
      2,
      undefined,
    ]);
    expect(facts(await load(file, { head: false }))).toEqual(['efficientnet-lite0', undefined, undefined]);
  });

  test('and the builders, by their options', async () => {
    const file = encodeSafetensors(head('fc.1'));
    expect(facts(await pretrained('resnet20', { weights: file, head: 'fc.1' }))).toEqual([
      'resnet20',
      5,
      undefined,
    ]);
    const fresh = await pretrained('resnet20', { weights: file, head: false, classes: 5, seed: 1 });
    expect(fresh.head!.weight.dataSync().some((x) => x !== 0)).toBe(true);
    expect(facts(fresh)).toEqual(['resnet20', 5, undefined]);
  });
});

test('the roots know every name of every map', () => {
  for (const name of ['resnet18', 'efficientnet-b0']) {
    const built = buildModel(name, { initialize: false, classes: 2 });
    for (const map of nameMaps.filter((map) => map.conventions(built.architecture).length > 0)) {
      const keys = keyedVariables(built, map).map(({ key, name }) => ({
        key,
        isHead: name.startsWith('head.'),
      }));
      const root = roots.find(({ stem }) => keys.some(({ key }) => key === stem))!;
      for (const { key, isHead } of keys) {
        expect([map.source, key, root.body.test(key)]).toEqual([map.source, key, !isHead]);
        if (isHead) expect(root.heads).toContain(key.replace(/[./]\w+$/, ''));
      }
    }
    built.dispose();
  }
});

test('weights that are refused are named by their file, as a page gives it', async () => {
  const file = new File([encodeSafetensors(new Map([['x', matrix(2)]])) as BlobPart], 'mine.safetensors');
  await expect(load(model, file)).rejects.toThrow(/^mine\.safetensors: The weights do not fit/);
  const broken = new File([new Uint8Array(9)], 'broken.pth');
  const error: unknown = await load(model, broken).catch((error: unknown) => error);
  expect(error).toBeInstanceOf(CheckpointError);
  expect((error as Error).message).toMatch(/^broken\.pth: These 9 bytes are not a known file/);
});

test('what a checkpoint says of itself comes with its weights', () => {
  const checkpoint: Checkpoint = {
    ...decodeSafetensors(encodeSafetensors(base)),
    key: 'state_dict',
    skipped: ['args (argparse.Namespace)'],
  };
  const { key, skipped } = loadCheckpoint(model, checkpoint, {});
  expect([key, skipped]).toEqual(['state_dict', ['args (argparse.Namespace)']]);
});
