import * as tf from '@tensorflow/tfjs-core';
import { createHash } from 'node:crypto';
import { buildModel } from '../../../src/models/build-model.js';
import { convolutionCount } from '../../../src/scaling/architecture.js';
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

beforeAll(() => tf.setBackend('cpu'));

test.each(Object.entries(networks))(
  '%s: keys, shapes and counts are the published ones',
  (name, { size, parameters, statistics, keys }) => {
    const model = buildModel(name, { initialize: false });
    for (const [source, expected] of Object.entries(keys)) {
      const map = nameMaps.find((map) => map.source === source)!;
      const variables = keyedVariables(model, map);
      const lines = variables.map(({ key, sourceShape }) => `${key} [${sourceShape}]`);
      const hash = createHash('sha256').update(lines.sort().join('\n')).digest('hex');
      expect([source, hash]).toEqual([source, expected]);
      expect(map.conventions(model.architecture).length).toBeGreaterThan(0);
    }
    const counts = { parameters: 0, statistics: 0 };
    for (const { trainable, size } of model.variables())
      counts[trainable ? 'parameters' : 'statistics'] += size;
    expect(counts).toEqual({ parameters, statistics });
    expect(model.preprocessing.size).toBe(size);
    const kernels = model.variables().filter(({ rank }) => rank === 4);
    expect(convolutionCount(model.architecture)).toBe(kernels.length);
    model.dispose();
    expect(tf.memory().numTensors).toBe(0);
  },
);
