import * as tf from '@tensorflow/tfjs-core';
import { createHash } from 'node:crypto';
import { buildWithoutValues } from '../../../src/graph/backend.js';
import { buildModel, convolutionCount } from '../../../src/models/build-model.js';
import { nameMaps } from '../../../src/weights/names/index.js';
import { keyedVariables } from '../../../src/weights/names/name-map.js';
import { readGolden } from '../../helpers/golden.js';

/** What variants.py wrote of one network. */
interface Counts {
  size: number;
  parameters: number;
  statistics: number;
  multiplyAdds: number;
  keys: Record<string, string>;
}

const { networks } = readGolden<{ networks: Record<string, Counts> }>('variants.json');

test.each(Object.entries(networks))(
  '%s: keys, shapes and counts are the published ones',
  (name, { keys, ...published }) => {
    buildWithoutValues(() => {
      const model = buildModel(name);
      for (const [source, expected] of Object.entries(keys)) {
        const map = nameMaps.find((map) => map.source === source)!;
        const variables = keyedVariables(model, map);
        const lines = variables.map(({ key, sourceShape }) => `${key} [${sourceShape}]`);
        const hash = createHash('sha256').update(lines.sort().join('\n')).digest('hex');
        expect([source, hash]).toEqual([source, expected]);
        expect(map.conventions(model.architecture).length).toBeGreaterThan(0);
      }
      const { parameters, statistics, multiplyAdds } = model.describe();
      expect({ size: model.preprocessing.size, parameters, statistics, multiplyAdds }).toEqual(published);
      const kernels = model.variables().filter(({ rank }) => rank === 4);
      expect(convolutionCount(model.architecture)).toBe(kernels.length);
      model.dispose();
    });
    expect(tf.memory().numTensors).toBe(0);
  },
);
