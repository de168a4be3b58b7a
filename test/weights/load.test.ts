import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  buildModel,
  countWeights,
  headFeatures,
  modelArchitecture,
  modelNames,
  type ModelOptions,
} from '../../src/models/build-model.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import type { ResNetArchitecture } from '../../src/scaling/index.js';
import { load } from '../../src/weights/load.js';
import { nameMaps } from '../../src/weights/names/index.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type TensorToWrite,
} from '../../src/weights/formats/safetensors.js';
import { encode } from '../../src/weights/encode.js';
import { readGolden } from '../helpers/golden.js';
import { ruleCheckpoint } from '../helpers/rule-checkpoint.js';
import { describeWithShared, sharedFile } from '../helpers/shared.js';

const configs = readGolden<Record<string, Record<string, object>>>('hub_configs.json');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'skipscale-load-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
  expect(tf.memory().numTensors).toBe(0);
});

/** The file of a network's weights by a source's names. */
function file(source: string, name: string, options: ModelOptions): Uint8Array {
  const model = buildModel(name, { initialize: false, ...options });
  const bytes = encodeSafetensors(
    ruleCheckpoint(
      model,
      nameMaps.find((map) => map.source === source)!,
    ),
  );
  model.dispose();
  return bytes;
}

/** Writes the weights and the files next to them; the path of the weights. */
function write(
  bytes: Uint8Array,
  configFiles: Record<string, object> = {},
  name = 'model.safetensors',
): string {
  for (const [name, content] of Object.entries(configFiles)) {
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

function facts(model: ImageClassifier) {
  const { architecture, convention, classes } = model;
  model.dispose();
  return [architecture.name, convention, classes];
}

test('no two published networks have the same count of weights', () => {
  const counted = modelNames.flatMap((name) => {
    const architecture = modelArchitecture(name, { includeTop: false });
    const conventions =
      architecture.family === 'resnet' ? (['torchvision', 'keras'] as const) : (['keras'] as const);
    return conventions.map((convention) => {
      const body = countWeights(architecture, { convention });
      return { name, body, features: headFeatures(architecture) };
    });
  });
  for (const classes of [1000, 10, 1, undefined]) {
    const counts = counted.map(({ body, features }) => body + (classes ?? 0) * (features + 1));
    expect(new Set(counts).size).toBe(counted.length);
  }
});

test.each([
  ['torchvision', 'resnet18', { classes: 3 }, 'torchvision'],
  ['torchvision', 'efficientnet-b0', { classes: 3 }, 'torchvision'],
  ['torchvision', 'resnet18', { includeTop: false }, 'torchvision'],
  ['huggingface', 'resnet18', { classes: 2 }, 'torchvision'],
  ['huggingface', 'efficientnet-b0', { classes: 2 }, 'keras'],
  ['keras', 'resnet50', { classes: 2, convention: 'keras' }, 'keras'],
  ['keras', 'efficientnet-b0', { classes: 2 }, 'keras'],
  ['pytorch_resnet_cifar10', 'resnet20', {}, 'torchvision'],
  ['efficientnet-pytorch', 'efficientnet-lite0', { classes: 7 }, 'keras'],
] as const)("%s's %s of %j from bytes alone", async (source, name, options, convention) => {
  const model = await load(file(source, name, options));
  const classes = 'includeTop' in options ? undefined : 'classes' in options ? options.classes : 10;
  expect(facts(model)).toEqual([name, convention, classes]);
});

describe("timm's EfficientNets, whose names do not tell their convention", () => {
  const bytes = file('timm', 'efficientnet-b0', { classes: 4 });

  test('are refused without a sign of it', async () => {
    await expect(load(bytes)).rejects.toThrow(
      /^timm's names do not distinguish efficientnet_\* from tf_efficientnet_\*/,
    );
    await expect(load(write(bytes))).rejects.toThrow(/put timm's config\.json next to the file/);
  });

  test('are distinguished by the option, the path, or config.json', async () => {
    expect(facts(await load(bytes, { convention: 'timm' }))).toEqual(['efficientnet-b0', 'timm', 4]);
    mkdirSync(join(folder, 'tf_efficientnet_b0'));
    const byPath = write(bytes, {}, join('tf_efficientnet_b0', 'model.safetensors'));
    expect(facts(await load(byPath))).toEqual(['efficientnet-b0', 'timm-tf', 4]);

    const loaded = await load(write(bytes, configs['efficientnet_b0.ra_in1k']));
    expect(loaded.preprocessing).toMatchObject({ size: 224, resize: 256, mean: [0.485, 0.456, 0.406] });
    expect(facts(loaded)).toEqual(['efficientnet-b0', 'timm', 4]);

    const adversarial = await load(write(bytes, configs['tf_efficientnet_b0.ap_in1k']));
    expect(adversarial.preprocessing).toEqual({
      size: 224,
      resize: 256,
      interpolation: 'bicubic',
      channels: 'rgb',
      scale: 1 / 255,
      mean: [0.5, 0.5, 0.5],
      std: [0.5, 0.5, 0.5],
    });
    expect(facts(adversarial)).toEqual(['efficientnet-b0', 'timm-tf', 4]);
  });
});

test("timm's ResNets have its preprocessing where its config.json is there", async () => {
  const model = await load(write(file('timm', 'resnet18', { classes: 4 }), configs['resnet18.a1_in1k']));
  expect(model.preprocessing).toMatchObject({ resize: 235, interpolation: 'bicubic' });
  expect(facts(model)).toEqual(['resnet18', 'timm', 4]);
});

describe('Hugging Face', () => {
  const bytes = file('huggingface', 'resnet18', { classes: 3 });
  const configFiles = configs['resnet-18']!;

  test('labels and preprocessing come with it', async () => {
    const model = await load(write(bytes, configFiles));
    expect(model.labels).toEqual(['ant', 'bee', 'cat']);
    expect(model.preprocessing).toMatchObject({
      size: 224,
      resize: 256,
      interpolation: 'bicubic',
      std: [0.5, 0.5, 0.5],
    });
    model.dispose();
  });

  test.each<[Record<string, object>, string]>([
    [
      { 'config.json': { id2label: { 0: 'ant', 2: 'cat', 3: 'dog' } } },
      'config.json: id2label is {"0":"ant","2":"cat","3":"dog"}; expected a name for each number from 0 on.',
    ],
    [{ 'config.json': { id2label: { 0: 'ant', 1: 'bee', 2: 3 } } }, 'config.json: id2label is {"0":"ant"'],
    [{ 'config.json': { id2label: ['ant', 'bee', 'cat'] } }, 'config.json: id2label is ["ant","bee","cat"]'],
    [{ 'config.json': [] }, 'config.json: it is JSON, but not an object.'],
    [
      { 'config.json': {}, 'preprocessor_config.json': { size: -1, crop_pct: 0.9, resample: 3 } },
      'preprocessor_config.json: size is -1; expected a square',
    ],
    [
      { 'config.json': { id2label: { 0: 'ant', 1: 'bee' } } },
      'names 2 classes, and the weights have 3: it is of another network.',
    ],
  ])('what cannot be is refused: %j', async (configFiles, message) => {
    const path = write(bytes, configFiles);
    await expect(load(path)).rejects.toThrow(message);
    await expect(load(path)).rejects.toThrow('give { config: false }');
    const model = await load(path, { config: false });
    expect(model.labels).toBeUndefined();
    expect(model.preprocessing).toMatchObject({ size: 224, resize: 256, interpolation: 'bilinear' });
    model.dispose();
  });

  test('a stride in the first convolution is refused', async () => {
    const path = write(bytes, {
      'config.json': { ...configFiles['config.json'], downsample_in_bottleneck: true },
    });
    await expect(load(path)).rejects.toThrow('says downsample_in_bottleneck');
  });
});

test('what encode wrote comes back with its convention and labels', async () => {
  const model = buildModel('resnet20', { convention: 'timm', classes: 2, seed: 3 });
  model.labels = ['yes', 'no'];
  const weights = Array.from(model.head!.weight.dataSync());
  const copy = await load(await encode(model));
  expect([copy.labels, Array.from(copy.head!.weight.dataSync())]).toEqual([['yes', 'no'], weights]);
  expect(facts(copy)).toEqual(['resnet20', 'timm', 2]);
  model.dispose();
});

test('weights of no published network are refused with their count', async () => {
  const bytes = file('torchvision', 'resnet20', { width: 0.5 });
  await expect(load(bytes)).rejects.toThrow(
    /^No published ResNet or EfficientNet has \d+ weights with 10 classes\. Build the model, and call load\(model, source\)\./,
  );
});

test('names of nobody are refused though the count is right, and nothing is left', async () => {
  const { tensors } = decodeSafetensors(file('torchvision', 'resnet20', {}));
  const renamed = Array.from(tensors, ([key, tensor]): [string, TensorToWrite] => [
    key.replace('layer2', 'later2'),
    { shape: tensor.shape, values: tensor.toFloat32() },
  ]);
  await expect(load(encodeSafetensors(new Map(renamed)))).rejects.toThrow('The weights do not fit resnet20');
});

describeWithShared('data/cifar10', 'pytorch_resnet_cifar10', () => {
  test('ResNet-20 in one call', async () => {
    const model = await load(sharedFile('data/cifar10', 'resnet20-12fca82f.th'));
    expect(facts(model)).toEqual(['resnet20', 'torchvision', 10]);
  });
});

test('a preprocessing that is not of encode is left aside; of one that cannot be, the file is refused', async () => {
  const model = buildModel('resnet20', { width: 0.25 });
  const loaded = model.preprocessing;
  for (const preprocessing of ['{', '3', 'null', '[]', '{}', '{"crop":1}']) {
    const copy = await load(await encode(model, { metadata: { preprocessing } }));
    expect([preprocessing, copy.preprocessing]).toEqual([preprocessing, loaded]);
    copy.dispose();
  }
  const others = [
    ...[
      { size: 0 },
      { resize: 1.5 },
      { size: 1e9 },
      { interpolation: 'x' },
      { stretch: 1 },
      { channels: 'grb' },
    ],
    ...[{ scale: null }, { mean: [1, 2] }, { mean: 'abc' }, { std: [1, 1, 0] }, { std: [1, 1, '1'] }],
  ];
  for (const other of others) {
    const preprocessing = JSON.stringify({ ...loaded, ...other });
    await expect(load(await encode(model, { metadata: { preprocessing } }))).rejects.toThrow(
      `The preprocessing in this file cannot be: ${preprocessing}. Save the model again.`,
    );
  }
  model.dispose();
});

describe('the architecture that encode wrote down', () => {
  test.each([
    ['efficientnet-b0', { width: 0.25, depth: 0.5, size: 48, classes: 3 }],
    ['efficientnet-b-2.25', { width: 0.25, classes: 3 }],
    ['efficientnet-lite1', { width: 0.25, classes: 3 }],
    ['resnet20', { width: 0.5, size: 64, convention: 'keras' }],
    [
      'resnet20',
      { width: 0.25, preprocessing: { resize: 40, interpolation: 'bicubic', stretch: true, std: [1, 2, 3] } },
    ],
    ['resnet18', { width: 0.125, stem: 'cifar', shortcut: 'pad', includeTop: false }],
    ['resnet20', { width: 0.25, shortcut: 'none', convention: 'timm' }],
  ] as const)('builds a %s of %j again', async (name, options) => {
    const model = buildModel(name, { ...options, seed: 1 });
    const copy = await load(await encode(model));
    expect(copy.architecture).toEqual(model.architecture);
    expect(copy.preprocessing).toEqual(model.preprocessing);
    const x = tf.ones<tf.Rank.R4>([1, 33, 33, 3]);
    const [expected, actual] = [model.predict(x), copy.predict(x)];
    expect(actual.dataSync()).toEqual(expected.dataSync());
    tf.dispose([x, expected, actual]);
    model.dispose();
    copy.dispose();
  });

  test('is left aside where it is not that of the weights', async () => {
    const model = buildModel('resnet20', { width: 0.25 });
    const { stages } = model.architecture as ResNetArchitecture;
    const huge = { ...model.architecture, stages: [{ ...stages[0]!, blocks: 1e12 }] };
    const many = { ...model.architecture, stages: new Array(1000).fill(stages[0]) };
    for (const other of ['{', 'null', '3', '"resnet20"', '{}', '{"stages":[{}]}', huge, many]) {
      const architecture = typeof other === 'string' ? other : JSON.stringify(other);
      await expect(load(await encode(model, { metadata: { architecture } }))).rejects.toThrow(
        /^No published ResNet or EfficientNet has \d+ weights with 10 classes/,
      );
    }
    model.dispose();
  });

  test('damaged, gives a clear error or the same weights, and leaves nothing behind', async () => {
    const model = buildModel('efficientnet-b0', { width: 0.1, depth: 0.1, classes: 2 });
    const good = JSON.stringify(model.architecture);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(good.length - 1),
        fc.constantFrom(...'0129-".,[]{}:nulltrux'),
        async (at, char) => {
          const architecture = good.slice(0, at) + char + good.slice(at + 1);
          const bytes = await encode(model, { metadata: { architecture } });
          const loaded = await load(bytes).catch((error: Error) => {
            expect(error.message).toMatch(/; give|do not fit|No published/);
            return undefined;
          });
          loaded?.dispose();
        },
      ),
      { numRuns: 40 },
    );
    model.dispose();
  });
});

test('load(folder) names the file of weights in it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-folder-'));
  await expect(load(folder)).rejects.toThrow(`${folder} is a folder; give the path of a file in it.`);
  writeFileSync(join(folder, 'best.safetensors'), '');
  writeFileSync(join(folder, 'model.safetensors'), '');
  await expect(load(folder)).rejects.toThrow(`in it, such as ${join(folder, 'model.safetensors')}.`);
  rmSync(folder, { recursive: true });
});

test("config: 'no' is refused", async () => {
  await expect(load(new Uint8Array(8), { config: 'no' as never })).rejects.toThrow(
    "config is the string 'no'; give true or false.",
  );
});
