import * as tf from '@tensorflow/tfjs-core';
import { createHash } from 'node:crypto';
import { buildModel } from '../../../src/models/build-model.js';
import type { ConventionName } from '../../../src/models/conventions.js';
import type { ImageClassifier } from '../../../src/models/image-classifier.js';
import { load } from '../../../src/weights/load.js';
import { nameMaps } from '../../../src/weights/names/index.js';
import { keyedVariables, type NameMap } from '../../../src/weights/names/name-map.js';
import { encodeSafetensors } from '../../../src/weights/formats/safetensors.js';
import { readGolden, relativeDistance, ruleFloats } from '../../helpers/golden.js';
import { ruleCheckpoint } from '../../helpers/rule-checkpoint.js';
import { ruleInput } from '../../helpers/torch-model.js';

interface NamedModels {
  logits: {
    source: string;
    network: string;
    model: string;
    convention: ConventionName;
    size: number;
    logits: number[];
  }[];
  keys: Record<string, Record<string, string>>;
}

const golden = readGolden<NamedModels>('named_models.json');

function nameMap(source: string): NameMap {
  return nameMaps.find((map) => map.source === source)!;
}

/** Loads a source's weights into a model and frees what it took; the logits. */
async function logitsOf(model: ImageClassifier, map: NameMap, images: tf.Tensor4D): Promise<Float32Array> {
  await load(model, encodeSafetensors(ruleCheckpoint(model, map)));
  const logits = model.predict(images);
  const values = logits.dataSync<'float32'>();
  tf.dispose([images, logits]);
  model.dispose();
  expect(tf.memory().numTensors).toBe(0);
  return values;
}

test.each(golden.logits)(
  "$source's $network at $size agrees with it within 1e-4 of a standard deviation",
  async ({ source, model: name, convention, size, logits: expected }) => {
    const model = buildModel(name, { initialize: false, convention, classes: 10 });
    const logits = await logitsOf(model, nameMap(source), ruleInput(1, size));
    expect(relativeDistance(logits, expected)).toBeLessThan(1e-4);
  },
);

const published = Object.keys(golden.keys['timm']!);

test.each(published)('keys and shapes of %s, as each source has it', (name) => {
  const model = buildModel(name, { initialize: false });
  for (const [source, hashes] of Object.entries(golden.keys)) {
    if (!(name in hashes)) continue;
    const variables = keyedVariables(model, nameMap(source));
    const lines = variables.map(({ key, sourceShape }) => `${key} [${sourceShape}]`);
    const hash = createHash('sha256').update(lines.sort().join('\n')).digest('hex');
    expect([source, hash]).toEqual([source, hashes[name]]);
  }
  model.dispose();
});

describe('keras.applications', () => {
  test.each([
    ['ResNet50', 'resnet50', 64],
    ['ResNet50', 'resnet50', 65],
    ['ResNet101', 'resnet101', 64],
    ['EfficientNetB0', 'efficientnet-b0', 64],
    ['EfficientNetB0', 'efficientnet-b0', 65],
    ['EfficientNetB3', 'efficientnet-b3', 64],
  ])('%s agrees with it within 1e-4 of a standard deviation (%s, %d)', async (network, name, size) => {
    const { input, logits } = readGolden<{ input: [number, number, number, number]; logits: number[][] }>(
      `keras/${network}_${size}.json`,
    );
    const count = input.reduce((a, b) => a * b, 1);
    const images = tf.tensor4d(ruleFloats('input', count), input);
    const model = buildModel(name, { initialize: false, convention: 'keras' });
    const actual = await logitsOf(model, nameMap('keras'), images);
    expect(relativeDistance(actual, logits.flat())).toBeLessThan(1e-4);
  });
});

test("timm's names do not tell its own networks from its ports of TensorFlow's: both conventions are taken", async () => {
  for (const convention of ['timm', 'timm-tf', 'keras'] as const) {
    const model = buildModel('efficientnet-b0', { initialize: false, convention });
    const { source } = await load(model, encodeSafetensors(ruleCheckpoint(model, nameMap('timm'))));
    expect(source).toBe('timm');
    model.dispose();
  }
  const model = buildModel('efficientnet-b0', { initialize: false });
  await expect(load(model, encodeSafetensors(ruleCheckpoint(model, nameMap('timm'))))).rejects.toThrow(
    "'timm' or 'timm-tf' or 'keras', and the model has 'torchvision'",
  );
  model.dispose();
});
