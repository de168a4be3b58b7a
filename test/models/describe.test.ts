import { buildEfficientNet, buildResNet, type ImageClassifier } from '../../src/models/index.js';

describe('a built model has the counted variables, layer by layer', () => {
  const models: Record<string, () => ImageClassifier> = {
    'ResNet-18': () => buildResNet(18, { initialize: false }),
    'ResNet-50': () => buildResNet(50, { initialize: false }),
    'ResNet-50 of Keras': () => buildResNet(50, { initialize: false, convention: 'keras' }),
    'ResNet-20': () => buildResNet(20, { initialize: false }),
    'ResNet-20 with projections, no head': () =>
      buildResNet(20, { initialize: false, shortcut: 'projection', includeTop: false }),
    'EfficientNet-B0': () => buildEfficientNet(0, { initialize: false }),
    'EfficientNet-B1.5, 5 classes': () => buildEfficientNet(1.5, { initialize: false, classes: 5 }),
    'EfficientNet at -4, 1 channel': () => buildEfficientNet(-4, { initialize: false, inputChannels: 1 }),
    'EfficientNet-Lite3': () => buildEfficientNet(3, { initialize: false, variant: 'lite' }),
  };

  test.each(Object.keys(models))('%s', (name) => {
    const model = models[name]!();
    const built: Record<string, { parameters: number; statistics: number }> = {};
    for (const { name, variable } of model.namedVariables()) {
      const row = (built[name.slice(0, name.lastIndexOf('.'))] ??= { parameters: 0, statistics: 0 });
      row[variable.trainable ? 'parameters' : 'statistics'] += variable.size;
    }
    const counted = model
      .describe()
      .layers.filter(({ parameters, statistics }) => parameters + statistics > 0)
      .map(({ name, parameters, statistics }) => [name, { parameters, statistics }] as const);
    model.dispose();
    expect(new Set(counted.map(([name]) => name)).size).toBe(counted.length);
    expect(Object.fromEntries(counted)).toEqual(built);
  });
});
