import { buildEfficientNet } from '../../src/models/efficientnet.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { buildResNet } from '../../src/models/resnet.js';
import { readGolden } from '../helpers/golden.js';
import { kerasKey } from '../helpers/keras-model.js';
import { moments } from '../helpers/statistics.js';
import { torchKey } from '../helpers/torch-model.js';

/** Of each variable, by rule.py's `moments`; written by torchvision_models.py and keras_models.py. */
type Initial = Record<string, Record<string, [mean: number, deviation: number, kurtosis: number]>>;

const cases: [source: 'torchvision' | 'keras', name: string, build: () => ImageClassifier][] = [
  ['torchvision', 'resnet18', () => buildResNet(18)],
  ['torchvision', 'efficientnet_b0', () => buildEfficientNet(0)],
  ['keras', 'ResNet50', () => buildResNet(50, { convention: 'keras' })],
  ['keras', 'EfficientNetB0', () => buildEfficientNet(0, { convention: 'keras' })],
];

test.each(cases)('variables start as those of %s %s do', (source, name, build) => {
  const golden = readGolden<Initial>(`${source}/initial.json`)[name]!;
  const key = source === 'keras' ? kerasKey : torchKey;
  const model = build();
  const unlike: string[] = [];
  let compared = 0;
  for (const named of model.namedVariables()) {
    const [mean, deviation, kurtosis] = golden[key(model, named)]!;
    const values = named.variable.dataSync<'float32'>();
    const n = values.length;
    const actual = moments(values);
    // Two samples of n values have moments within 5 standard errors of each other.
    const alike = (a: number, b: number, standardError: number) => Math.abs(a - b) <= 5 * standardError;
    if (
      !alike(actual.mean, mean, deviation * Math.sqrt(2 / n)) ||
      !alike(actual.deviation, deviation, deviation * Math.sqrt(1 / n)) ||
      (deviation > 0 && n >= 10_000 && !alike(actual.kurtosis, kurtosis, Math.sqrt(48 / n)))
    ) {
      unlike.push(`${named.name}: ${JSON.stringify(actual)}, not ${[mean, deviation, kurtosis]}`);
    }
    compared++;
  }
  model.dispose();
  expect(compared).toBe(Object.keys(golden).length);
  expect(unlike).toEqual([]);
});
