import { modelArchitecture, modelNames } from '../../src/models/build-model.js';
import { parseArchitecture } from '../../src/scaling/parse-architecture.js';

const json = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

test.each(modelNames)('%s comes back from JSON', (name) => {
  for (const includeTop of [true, false]) {
    const architecture = modelArchitecture(name, { includeTop });
    expect(parseArchitecture(json(architecture))).toEqual(architecture);
  }
});

describe.each([
  'resnet50',
  'resnet20',
  'efficientnet-b0',
  'efficientnet-lite0',
  'efficientnet-v2-s',
] as const)('of %s', (name) => {
  const good = json(modelArchitecture(name, {}));
  const stages = good.stages as Record<string, unknown>[];
  const withStage = (stage: unknown) => ({ ...good, stages: [...stages.slice(1), stage] });
  // Another type, and a name of nothing.
  const others = (value: unknown) => [
    undefined,
    null,
    [],
    {},
    typeof value === 'number' ? 'x' : 1,
    ...(typeof value === 'number' ? [-1, NaN, Infinity] : []),
  ];

  test.each(Object.keys(good).filter((part) => part !== 'classes'))('%s has to be there', (part) => {
    for (const other of others(good[part])) {
      // Files without a family are of earlier versions.
      if (part === 'family' && other === undefined) continue;
      expect(parseArchitecture({ ...good, [part]: other })).toBeUndefined();
    }
  });

  test.each(Object.keys(stages[0]!))('%s of a stage has to be there', (part) => {
    for (const other of others(stages[0]![part]))
      expect(parseArchitecture(withStage({ ...stages[0], [part]: other }))).toBeUndefined();
  });

  test('a stage has to be an object', () => {
    for (const other of [null, 1, 'x', []]) expect(parseArchitecture(withStage(other))).toBeUndefined();
  });

  test('a name has to be known', () => {
    const parts = Object.keys(good).filter((part) => typeof good[part] === 'string' && part !== 'name');
    for (const part of parts) expect(parseArchitecture({ ...good, [part]: 'swisu' })).toBeUndefined();
  });
});

test.each(['resnet50', 'efficientnet-b0'])('%s of an earlier version, with other stages', (name) => {
  const { family, ...older } = json(modelArchitecture(name, {}));
  expect(family).toBeDefined();
  for (const stages of [undefined, null, 3, 'x', {}, [null], [1]])
    expect(parseArchitecture({ ...older, stages })).toBeUndefined();
});
