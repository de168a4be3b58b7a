import * as tf from '@tensorflow/tfjs-core';
import { buildModel } from '../../src/models/build-model.js';
import { load } from '../../src/weights/load.js';
import { encode } from '../../src/weights/encode.js';

/** What earlier versions wrote of an architecture. */
const older: [string, object][] = [
  [
    'resnet20',
    {
      name: 'resnet20',
      kind: 'basic',
      stages: [4, 8, 16].map((channels) => ({ blocks: 3, channels })),
      stem: 'cifar',
      stemChannels: 4,
      shortcut: 'pad',
      size: 32,
      inputChannels: 3,
      classes: 10,
    },
  ],
  [
    'resnet50',
    {
      name: 'resnet50',
      kind: 'bottleneck',
      stages: [3, 4, 6, 3].map((blocks, i) => ({ blocks, channels: 16 * 2 ** i })),
      stem: 'imagenet',
      stemChannels: 16,
      shortcut: 'projection',
      size: 224,
      inputChannels: 3,
      classes: 1000,
    },
  ],
  [
    'efficientnet-b0',
    {
      name: 'efficientnet-b0',
      variant: 'standard',
      depth: 1,
      resolution: 224,
      dropout: 0.2,
      inputChannels: 3,
      stemFilters: 8,
      stages: [
        [1, 3, 1, 1, 8, 8],
        [2, 3, 2, 6, 8, 8],
        [2, 5, 2, 6, 8, 16],
        [3, 3, 2, 6, 16, 24],
        [3, 5, 1, 6, 24, 32],
        [4, 5, 2, 6, 32, 48],
        [1, 3, 1, 6, 48, 80],
      ].map(([repeats, kernelSize, stride, expandRatio, inChannels, outChannels]) => ({
        repeats,
        kernelSize,
        stride,
        expandRatio,
        inChannels,
        outChannels,
      })),
      lastFilters: 320,
      activation: 'swish',
      squeezeRatio: 0.25,
      classes: 1000,
    },
  ],
];

/** Later the family was said, and the size of images was still called resolution. */
const [, narrowB0] = older[2]! as [string, { stages: object[] }];
older.push([
  'efficientnet-b0',
  {
    ...narrowB0,
    family: 'efficientnet',
    stages: narrowB0.stages.map((stage) => ({ ...stage, fused: false })),
  },
]);

test.each(older)(
  'a file that an earlier version saved of a narrow %s is loaded',
  async (name, architecture) => {
    const model = buildModel(name, { width: 0.25, initialize: false });
    const bytes = await encode(model, { metadata: { architecture: JSON.stringify(architecture) } });
    const loaded = await load(bytes);
    expect(loaded.architecture).toEqual(model.architecture);
    model.dispose();
    loaded.dispose();
    expect(tf.memory().numTensors).toBe(0);
  },
);
