import * as tf from '@tensorflow/tfjs-core';
import { zipSync } from 'fflate';
import { buildModel } from '../../../src/models/build-model.js';
import { load } from '../../../src/weights/load.js';
import { keras } from '../../../src/weights/names/keras.js';
import { readGolden, relativeDistance, ruleFloats } from '../../helpers/golden.js';
import { writeHdf5 } from '../../helpers/hdf5-file.js';
import { kerasDataSets, modelName } from '../../helpers/keras-layouts.js';
import { ruleCheckpoint } from '../../helpers/rule-checkpoint.js';

type Values = ReturnType<typeof ruleCheckpoint>;

/** A file as Keras writes it, with these values of the variables; what a network has before its stem is zero. */
function kerasFile(network: string, kind: string, values: Values): Promise<Uint8Array> {
  return writeHdf5(
    kerasDataSets(network, kind).map((dataSet) => {
      const size = dataSet.shape.reduce((a, b) => a * b, 1);
      const empty = dataSet.dtype === 'int64' ? new BigInt64Array(size) : new Float32Array(size);
      return { ...dataSet, values: (values.get(dataSet.variable)?.values as Float32Array) ?? empty };
    }),
  );
}

/** A .keras archive, which stores its parts. */
function archive(weights: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode('{}');
  return zipSync({ 'metadata.json': json, 'config.json': json, 'model.weights.h5': weights }, { level: 0 });
}

test.each(['ResNet50', 'EfficientNetB0'])(
  "%s gives Keras's logits, of each kind of file that Keras writes, within 1e-4 of a standard deviation",
  async (network) => {
    const { input, logits } = readGolden<{ input: [number, number, number, number]; logits: number[][] }>(
      `keras/${network}_64.json`,
    );
    const model = buildModel(modelName(network), { initialize: false, convention: 'keras' });
    const values = ruleCheckpoint(model, keras);
    const count = input.reduce((a, b) => a * b, 1);
    const images = tf.tensor4d(ruleFloats('input', count), input);
    const distances: [string, number][] = [];
    const compare = async (kind: string, file: Uint8Array) => {
      // A file that is not read would leave the model of the one before.
      for (const variable of model.variables()) tf.tidy(() => variable.assign(tf.zeros(variable.shape)));
      const { source, missing, extra } = await load(model, file);
      expect({ source, missing, extra }).toEqual({ source: 'keras', missing: [], extra: [] });
      const actual = model.predict(images);
      distances.push([kind, relativeDistance(actual.dataSync(), logits.flat())]);
      actual.dispose();
    };
    const current = await kerasFile(network, 'weights.h5', values);
    await compare('weights.h5', current);
    await compare('keras', archive(current));
    await compare('h5', await kerasFile(network, 'h5', values));
    await compare('keras2.h5', await kerasFile(network, 'keras2.h5', values));
    expect(distances.filter(([, distance]) => !(distance < 1e-4))).toEqual([]);
    expect(distances).toHaveLength(4);
    images.dispose();
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  },
);
