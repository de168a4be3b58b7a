import { buildModel } from '../../../src/models/build-model.js';
import { layerDecay } from '../../../src/training/optim/layer-decay.js';

test.each([
  ['resnet20', { stem: 0.0625, 'stages.0': 0.125, 'stages.1': 0.25, 'stages.2': 0.5, head: 1 }],
  ['efficientnet-lite0', { stem: 2 ** -9, 'stages.0': 2 ** -8, 'stages.6': 0.25, lastConv: 0.5, head: 1 }],
])('%s: powers of the decay from the head down', (name, expected) => {
  const model = buildModel(name, { initialize: false });
  const scale = layerDecay(model, 0.5);
  const scales = new Map(
    Array.from(model.namedVariables(), (named) => [/^(stages\.\d+|\w+)/.exec(named.name)![0], scale(named)]),
  );
  expect(Object.fromEntries(scales)).toMatchObject(expected);
  expect(() => layerDecay(model, 0)).toThrow('decay is 0; give a number in (0, 1], such as 0.75.');
  model.dispose();
});
