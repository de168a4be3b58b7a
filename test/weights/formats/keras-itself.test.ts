import * as tf from '@tensorflow/tfjs-core';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildModel } from '../../../src/models/build-model.js';
import type { ImageClassifier } from '../../../src/models/image-classifier.js';
import { load } from '../../../src/weights/load.js';
import { encode } from '../../../src/weights/encode.js';
import { relativeDistance, ruleFloats } from '../../helpers/golden.js';
import { kerasLayouts, modelName } from '../../helpers/keras-layouts.js';
import { fillByKerasRule } from '../../helpers/keras-model.js';

const python = process.env.SKIPSCALE_PYTHON;
const networks =
  process.env.SKIPSCALE_EXACT === 'all' ? Object.keys(kerasLayouts.layers) : ['ResNet50', 'EfficientNetB0'];

function distance(model: ImageClassifier, size: number, logits: number[]): number {
  return tf.tidy(() => {
    const images = tf.tensor4d(ruleFloats('input', 3 * size * size), [1, size, size, 3]);
    return relativeDistance(model.predict(images).dataSync(), logits);
  });
}

(python ? test : test.skip).each(networks)(
  "%s: Keras's load_weights takes what encode wrote, load what Keras wrote, and the logits agree",
  async (network) => {
    // Of larger images, float32 does not determine B7's logits under the rule.
    // Under the rule, float32 determines B6's logits only of the smallest images that Keras takes, and B7's of none.
    const size = ['EfficientNetB6', 'EfficientNetB7'].includes(network) ? 32 : 64;
    const folder = mkdtempSync(join(tmpdir(), 'skipscale-keras-'));
    const build = () => buildModel(modelName(network), { convention: 'keras', initialize: false });
    const model = build();
    fillByKerasRule(model);
    writeFileSync(join(folder, 'ours.weights.h5'), await encode(model, { format: 'weights.h5' }));
    const script = join(__dirname, '..', '..', 'golden', 'keras_exchange.py');
    const output = execFileSync(python!, [script, network, `${size}`, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const { loaded, own } = JSON.parse(output) as { loaded: number[]; own: number[] };
    const distances: Record<string, number> = { loaded: distance(model, size, loaded) };
    for (const file of ['keras3.weights.h5', 'keras3.keras', 'keras3.h5', 'keras2.h5']) {
      const read = build();
      await load(read, join(folder, file));
      model.variables().forEach((variable, i) => {
        const [a, b] = [variable, read.variables()[i]!].map((v) => Buffer.from(v.dataSync().buffer));
        expect(a!.equals(b!)).toBe(true);
      });
      distances[file] = distance(read, size, own);
      read.dispose();
    }
    rmSync(folder, { recursive: true });
    const far = Object.entries(distances).filter(([, distance]) => !(distance < 1e-4));
    if (network !== 'EfficientNetB7') expect(far).toEqual([]);
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  },
  1_200_000,
);
