import * as tf from '@tensorflow/tfjs-core';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel } from '../../src/models/build-model.js';
import { EfficientNet } from '../../src/models/efficientnet.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { loadWeights } from '../../src/weights/load-weights.js';
import { saveWeights } from '../../src/weights/save-weights.js';
import { relativeDistance, ruleValues } from '../helpers/golden.js';
import { kerasLayouts, modelName } from '../helpers/keras-layouts.js';
import { fillByKerasRule } from '../helpers/keras-model.js';

const python = process.env.SKIPSCALE_PYTHON;
const networks =
  process.env.SKIPSCALE_EXACT === 'all' ? Object.keys(kerasLayouts.layers) : ['ResNet50', 'EfficientNetB0'];

/** The rule's images, or what becomes of them as pixels of 0 to 255 by the model's preprocessing. */
function ruleImages(size: number, { preprocessing }: ImageClassifier, asPixels: boolean): tf.Tensor4D {
  const { scale, mean, std } = preprocessing;
  const values = Float32Array.from(ruleValues('input', 3 * size * size), (v, i) =>
    asPixels ? (127.5 * (Math.fround(v) + 1) * scale - mean[i % 3]!) / std[i % 3]! : v,
  );
  return tf.tensor4d(values, [1, size, size, 3]);
}

function distance(model: ImageClassifier, images: tf.Tensor4D, logits: number[]): number {
  const actual = model.predict(images);
  const result = relativeDistance(actual.dataSync(), logits);
  tf.dispose([actual, images]);
  return result;
}

(python ? test : test.skip).each(networks)(
  "%s: Keras's load_weights takes what saveWeights wrote, loadWeights what Keras wrote, and the logits agree",
  async (network) => {
    // Of larger images, float32 does not determine B7's logits under the rule.
    const size = network === 'EfficientNetB7' ? 48 : 64;
    const folder = mkdtempSync(join(tmpdir(), 'skipscale-keras-'));
    const build = () => buildModel(modelName(network), { convention: 'keras', initialize: false });
    const model = build();
    fillByKerasRule(model);
    writeFileSync(join(folder, 'ours.weights.h5'), await saveWeights(model, { format: 'weights.h5' }));
    const script = join(__dirname, '..', 'golden', 'keras_exchange.py');
    const output = execFileSync(python!, [script, network, `${size}`, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { loaded, own } = JSON.parse(output) as { loaded: number[]; own: number[] };
    const distances = {
      loaded: distance(model, ruleImages(size, model, model instanceof EfficientNet), loaded),
    } as Record<string, number>;
    for (const file of ['keras3.weights.h5', 'keras3.keras', 'keras3.h5', 'keras2.h5']) {
      const read = build();
      await loadWeights(read, join(folder, file));
      model.variables().forEach((variable, i) => {
        const [a, b] = [variable, read.variables()[i]!].map((v) => Buffer.from(v.dataSync().buffer));
        expect(a!.equals(b!)).toBe(true);
      });
      distances[file] = distance(read, ruleImages(size, read, false), own);
      read.dispose();
    }
    rmSync(folder, { recursive: true });
    expect(Object.entries(distances).filter(([, distance]) => !(distance < 1e-4))).toEqual([]);
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  },
  1_200_000,
);
