import * as tf from '@tensorflow/tfjs-core';
import { createHash } from 'node:crypto';
import { buildModel, type ModelOptions } from '../../../src/models/build-model.js';
import { buildEfficientNet } from '../../../src/models/efficientnet.js';
import { load } from '../../../src/weights/load.js';
import { decode } from '../../../src/weights/formats/decode.js';
import { encode } from '../../../src/weights/encode.js';
import { kerasLayers } from '../../../src/weights/formats/encode-keras.js';
import { listHdf5 } from '../../helpers/hdf5-file.js';
import { kerasDataSets, kerasLayouts, modelName } from '../../helpers/keras-layouts.js';
import { fillByKerasRule } from '../../helpers/keras-model.js';

const format = 'weights.h5';

function build(name: string, options: ModelOptions = {}) {
  return buildModel(name, { convention: 'keras', initialize: false, ...options });
}

afterEach(() => expect(tf.memory().numTensors).toBe(0));

test.each(Object.entries(kerasLayouts.layers))(
  "the groups, names and shapes of %s's layers are Keras's",
  (network, hash) => {
    const model = build(modelName(network));
    const lines = kerasLayers(model).map(({ group, name, variables }) =>
      [group, name, ...variables.map(({ shape }) => `[${shape}]`)].join(' '),
    );
    expect(createHash('sha256').update(lines.sort().join('\n')).digest('hex')).toBe(hash);
    model.dispose();
  },
);

test("the data sets of EfficientNetB0's file are Keras's", async () => {
  const model = build('efficientnet-b0');
  const held = tf.memory().numTensors;
  const found = await listHdf5(await encode(model, { format }));
  expect(tf.memory().numTensors).toBe(held);
  const keras = kerasDataSets('EfficientNetB0', format);
  expect(found).toEqual(
    keras.map(({ path, dtype, shape, groupName }) => ({ path, dtype, shape, groupName })),
  );
  model.dispose();
});

test.each([
  ['resnet50', { classes: 2, width: 0.125 }],
  ['resnet18', { classes: 2, width: 0.125 }],
  ['resnet20', {}],
  ['efficientnet-b0', { classes: 2 }],
  ['efficientnet-b0', { convention: 'timm-tf', includeTop: false }],
  ['efficientnet-lite0', { classes: 2 }],
] as const)('%s %j comes back bit for bit', async (name, options) => {
  const [model, copy] = [build(name, options), build(name, options)];
  fillByKerasRule(model);
  const { source, missing, extra } = await load(copy, await encode(model, { format }));
  expect({ source, missing, extra }).toEqual({ source: 'keras', missing: [], extra: [] });
  const copies = copy.variables();
  model.variables().forEach((variable, i) => {
    const [a, b] = [copies[i]!, variable].map((v) => Buffer.from(v.dataSync().buffer));
    expect(a!.equals(b!)).toBe(true);
  });
  model.dispose();
  copy.dispose();
});

test("an EfficientNet's layer of normalisation does what the model's preprocessing says", async () => {
  for (const name of ['efficientnet-b0', 'efficientnet-lite0']) {
    const model = build(name, { classes: 1 });
    const { scale, mean, std } = model.preprocessing;
    const { tensors } = await decode(await encode(model, { format }));
    const [means, variances] = ['mean', 'variance'].map((leaf) =>
      tensors.get(`normalization/${leaf}`)!.toFloat32(),
    );
    for (const pixel of [0, 100, 255]) {
      for (const c of [0, 1, 2]) {
        const keras = (pixel / 255 - means![c]!) / Math.sqrt(variances![c]!);
        expect(keras).toBeCloseTo((pixel * scale - mean[c]!) / std[c]!, 5);
      }
    }
    model.dispose();
  }
});

test.each(['v2-b', 'v2-s', 'v2-m', 'v2-l'] as const)(
  'EfficientNet%s, narrow, comes back bit for bit; only of B has the file a layer of normalisation, as in Keras',
  async (variant) => {
    const size = { width: 0.125, depth: 0.25, size: 64, dropout: 0 };
    const preprocessing = { mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4] };
    const options = { variant, convention: 'keras', initialize: false, classes: 2, preprocessing } as const;
    const [model, copy] = [buildEfficientNet(size, options), buildEfficientNet(size, options)];
    fillByKerasRule(model);
    const bytes = await encode(model, { format });
    const { source, missing, extra } = await load(copy, bytes);
    expect({ source, missing, extra }).toEqual({ source: 'keras', missing: [], extra: [] });
    const copies = copy.variables();
    model.variables().forEach((variable, i) => expect(copies[i]!.dataSync()).toEqual(variable.dataSync()));
    const { tensors } = await decode(bytes);
    expect(tensors.has('normalization/mean')).toBe(variant === 'v2-b');
    model.dispose();
    copy.dispose();
  },
);

test('what Keras cannot take is refused, with a reason', async () => {
  const model = buildModel('resnet20', { initialize: false });
  await expect(encode(model, { format })).rejects.toThrow(
    "Keras's networks have the convention 'keras', and the model has 'torchvision', so that its weights would give " +
      "other results there. Build it with { convention: 'keras' }, or save safetensors.",
  );
  await expect(encode(model, { format, dtype: 'F16', names: 'keras' })).rejects.toThrow(
    "format 'weights.h5' goes without other options, and dtype, names is given; leave it out.",
  );
  await expect(encode(model, { format: 'h5' as 'weights.h5' })).rejects.toThrow(
    "format is 'h5'; give one of 'safetensors', 'weights.h5'.",
  );
  model.dispose();
});
