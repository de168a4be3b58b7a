import * as tf from '@tensorflow/tfjs-core';
import { buildModel } from '../../src/models/build-model.js';
import { load } from '../../src/weights/load.js';
import { encodeSafetensors } from '../../src/weights/formats/safetensors.js';
import { readGolden, relativeDistance, ruleFloats } from '../helpers/golden.js';
import { ruleInput } from '../helpers/torch-model.js';

const golden = readGolden<{ model: string; size: number; logits: number[] }[]>('lite_models.json');
const stateDicts = readGolden<Record<string, Record<string, Record<string, number[]>>>>('state_dicts.json');

/** The weights of rule.py under the names of efficientnet-pytorch, as lite_models.py fills them. */
function weightsByRule(model: string): Uint8Array {
  const tensors = Object.entries(stateDicts['efficientnet-pytorch']![model]!).map(([key, shape]) => {
    const count = shape.reduce((a, b) => a * b, 1);
    const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
    const scale = (): [number, number] => {
      if (/_bn\d\.weight$/.test(key)) return [0.2, 1];
      if (key.endsWith('running_var')) return [0.5, 1];
      return [shape.length === 1 ? 0.1 : Math.sqrt((shape.length === 4 ? 6 : 3) / fanIn), 0];
    };
    return [key, { shape, values: ruleFloats(key, count, ...scale()) }] as const;
  });
  return encodeSafetensors(new Map(tensors));
}

test.each(golden)(
  '$model at $size agrees with efficientnet_lite_pytorch within 1e-4 of a standard deviation',
  async ({ model: name, size, logits: expected }) => {
    const model = buildModel(name, { initialize: false });
    await load(model, weightsByRule(name));
    const images = ruleInput(1, size);
    const logits = model.predict(images);
    expect(relativeDistance(logits.dataSync(), expected)).toBeLessThan(1e-4);
    tf.dispose([images, logits]);
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  },
);

test.each([
  [0, 224],
  [1, 240],
  [2, 260],
  [3, 280],
  [4, 300],
])("efficientnet-lite%d has TensorFlow's convention and preprocessing, at %d pixels", (n, size) => {
  const model = buildModel(`efficientnet-lite${n}`, { initialize: false });
  expect(model.convention).toBe('keras');
  expect(model.preprocessing).toEqual({
    size,
    resize: size + 32,
    interpolation: 'bicubic',
    channels: 'rgb',
    scale: 1,
    mean: [127, 127, 127],
    std: [128, 128, 128],
  });
  model.dispose();
});
