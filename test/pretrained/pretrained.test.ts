import '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  buildModel,
  buildResNet,
  imageNetLabels,
  pretrained,
  pretrainedWeights,
  encode,
  type EfficientNet,
  type ImageClassifier,
  type ModelOptions,
  type ResNet,
} from '../../src/index.js';

const folder = mkdtempSync(join(tmpdir(), 'skipscale-pretrained-'));
/** Files of a stand-in for the sources' servers, by path. */
const files = new Map<string, Uint8Array>();
const requests: string[] = [];
let server: Server;
let origin: string;
const before = { endpoint: process.env['HF_ENDPOINT'], cache: process.env['SKIPSCALE_CACHE'] };
const realFetch = globalThis.fetch;

/** Regenerated weights under a real file's name: random ones of the network, by the source's names. */
async function serve(name: string, options: ModelOptions, path: string): Promise<void> {
  const model = buildModel(name, options);
  files.set(path, await encode(model));
  model.dispose();
}

beforeAll(async () => {
  server = createServer(({ url }, response) => {
    requests.push(url!);
    const file = files.get(url!);
    if (file) response.end(file);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env['HF_ENDPOINT'] = origin;
  process.env['SKIPSCALE_CACHE'] = join(folder, 'cache');
  // Whatever is not the hub's lies at fixed addresses, which lead here too.
  globalThis.fetch = (url, options) =>
    realFetch(
      String(url).replace(/^https:\/\/(download\.pytorch\.org|storage\.googleapis\.com)/, origin),
      options,
    );

  const timm = (file: string) => `/timm/${file}/resolve/main/model.safetensors`;
  await serve('resnet18', { seed: 1, convention: 'timm' }, timm('resnet18.a1_in1k'));
  await serve('efficientnet-b0', { seed: 2, convention: 'timm-tf' }, timm('tf_efficientnet_b0.ns_jft_in1k'));
  await serve('efficientnet-lite0', { seed: 3, convention: 'timm-tf' }, timm('tf_efficientnet_lite0.in1k'));
  await serve('efficientnet-b0', { seed: 4, convention: 'keras' }, '/keras-applications/efficientnetb0.h5');
  await serve('resnet18', { seed: 5 }, '/models/resnet18-f37072fd.pth');
});

afterAll(async () => {
  globalThis.fetch = realFetch;
  for (const [key, value] of Object.entries({
    HF_ENDPOINT: before.endpoint,
    SKIPSCALE_CACHE: before.cache,
  })) {
    if (value === undefined) Reflect.deleteProperty(process.env, key);
    else process.env[key] = value;
  }
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

beforeEach(() => {
  requests.length = 0;
});
afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

/** Whether two networks hold the same weights. */
function sameWeights(a: ImageClassifier, b: ImageClassifier): boolean {
  const other = new Map(Array.from(b.namedVariables(), ({ name, variable }) => [name, variable.dataSync()]));
  return Array.from(a.namedVariables()).every(({ name, variable }) => {
    const values = other.get(name);
    return variable.dataSync().every((x, i) => x === values?.[i]);
  });
}

/** Disposes of a model, and expects the weights that the builder gives from this seed. */
function expectWeights(model: ImageClassifier, name: string, options: ModelOptions): void {
  const expected = buildModel(name, options);
  expect(sameWeights(model, expected)).toBe(true);
  expected.dispose();
  model.dispose();
}

describe("by name, from a local stand-in for the sources' servers", () => {
  test('the default ResNet for ImageNet is timm’s, and is kept for the next time', async () => {
    for (let time = 0; time < 2; time++) {
      const model: ResNet = await pretrained('resnet18');
      expect([model.convention, model.classes]).toEqual(['timm', 1000]);
      expect(model.labels).toEqual(imageNetLabels);
      expect(model.preprocessing).toMatchObject({ size: 224, resize: 235, interpolation: 'bicubic' });
      expectWeights(model, 'resnet18', { seed: 1, convention: 'timm' });
    }
    expect(requests).toEqual(['/timm/resnet18.a1_in1k/resolve/main/model.safetensors']);
  });

  test('the default EfficientNets are timm’s ports, in their convention', async () => {
    const model: EfficientNet = await pretrained('efficientnet-b0');
    expect(model.convention).toBe('timm-tf');
    expectWeights(model, 'efficientnet-b0', { seed: 2, convention: 'timm-tf' });
    const lite = await pretrained('efficientnet-lite0');
    expect(lite.preprocessing).toMatchObject({ mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
    expectWeights(lite, 'efficientnet-lite0', { seed: 3, convention: 'timm-tf' });
  });

  test('another source by its name, or by the convention', async () => {
    for (const options of [
      { weights: 'keras/EfficientNetB0' },
      { weights: 'imagenet', convention: 'keras' },
      { convention: 'keras' },
    ] as const) {
      const model = await pretrained('efficientnet-b0', options);
      expect(model.convention).toBe('keras');
      expectWeights(model, 'efficientnet-b0', { seed: 4, convention: 'keras' });
    }
  });

  test("a file of torchvision's is checked by the digits in its name", async () => {
    const weights = 'torchvision/ResNet18_Weights.IMAGENET1K_V1';
    await expect(pretrained('resnet18', { weights })).rejects.toThrow(/f37072fd/);
    expect(requests).toContain('/models/resnet18-f37072fd.pth');
  });

  test("the user's options go before the table's", async () => {
    const preprocessing = { resize: 300 };
    const model = await pretrained('resnet18', { preprocessing, dropout: 0.5 });
    expect(model.preprocessing).toMatchObject({ resize: 300, interpolation: 'bicubic' });
    expect(model.dropout.rate).toBe(0.5);
    model.dispose();
    const larger = await pretrained('resnet18', { size: 288 });
    expect(larger.preprocessing).toMatchObject({ size: 288, resize: 303 });
    larger.dispose();
  });

  test('other classes have a new head from the seed, and no head is none', async () => {
    const weights = 'imagenet';
    const model = await pretrained('resnet18', { weights, classes: 3, seed: 7 });
    expect([model.classes, model.labels, model.head!.weight.shape]).toEqual([3, undefined, [512, 3]]);
    const again = await pretrained('resnet18', { weights, classes: 3, seed: 7 });
    expect(sameWeights(model, again)).toBe(true);
    const features = await pretrained('resnet18', { weights, includeTop: false });
    expect([features.classes, features.head]).toEqual([undefined, undefined]);
    const x = tf.zeros<tf.Rank.R4>([1, 32, 32, 3]);
    const y = features.predict(x);
    expect(y.shape).toEqual([1, 512]);
    tf.dispose([x, y]);
    for (const one of [model, again, features]) one.dispose();
  });
});

describe('from a file', () => {
  const path = join(folder, 'own.safetensors');
  const options = { seed: 9, classes: 4, convention: 'timm' } as const;

  beforeAll(async () => {
    const model = buildResNet(20, options);
    model.labels = ['a', 'b', 'c', 'd'];
    writeFileSync(path, await encode(model));
    model.dispose();
  });

  test('classes, convention and labels are what the file says', async () => {
    const model = await pretrained('resnet20', { weights: path });
    expect([model.classes, model.convention, model.labels]).toEqual([4, 'timm', ['a', 'b', 'c', 'd']]);
    expectWeights(model, 'resnet20', options);
  });

  test('weights of another network are refused', async () => {
    await expect(pretrained('resnet32', { weights: path })).rejects.toThrow(
      'The weights are of resnet20, and not of resnet32; build that one, or give others.',
    );
    await expect(pretrained('resnet20', { weights: join(folder, 'no.safetensors') })).rejects.toThrow(
      'cannot be read',
    );
  });
});

test.each<[Parameters<typeof pretrained>, string]>([
  [['resnet50', { weights: 'cifar10' }], "There are no weights 'cifar10' of resnet50; there are resnet20."],
  [
    ['resnet20', { weights: 'imagenet' }],
    "There are no weights 'imagenet' of resnet20; there are resnet18, resnet34,",
  ],
  [
    ['resnet18', { weights: 'imagenet', convention: 'keras' }],
    "There are no weights 'imagenet' of resnet18 of the convention 'keras'; there are timm/resnet18.a1_in1k, torchvision/",
  ],
  [
    ['resnet34', { weights: 'timm/resnet18.a1_in1k' }],
    "'timm/resnet18.a1_in1k' are weights of resnet18, and not of resnet34; build that one, or give others.",
  ],
  [['resnet56'], 'There are no published weights of resnet56; there are resnet20, resnet18,'],
  [['resnet19'], "There is no model 'resnet19'"],
  [[50 as never], 'There is no model 50'],
])('%j is refused', async (call, message) => {
  await expect(pretrained(...call)).rejects.toThrow(message);
});

test('names are unique', () => {
  expect(new Set(pretrainedWeights.map(({ name }) => name)).size).toBe(pretrainedWeights.length);
});

test('another size keeps the colours that a file of encode says', async () => {
  const preprocessing = { mean: [0.1, 0.2, 0.3], size: 40, resize: 50 };
  const saved = buildResNet(20, { width: 0.25, initialize: false, preprocessing });
  const model = await pretrained('resnet20', { weights: await encode(saved), width: 0.25, size: 64 });
  expect(model.preprocessing).toMatchObject({ mean: [0.1, 0.2, 0.3], size: 64, resize: 64 });
  saved.dispose();
  model.dispose();
});
