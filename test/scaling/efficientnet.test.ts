import { ArgumentError } from '../../src/core/errors.js';
import fc from 'fast-check';
import type { ModelDescription } from '../../src/graph/index.js';
import { describeEfficientNet, describeResNet } from '../../src/models/index.js';
import {
  coefficients,
  efficientNetArchitecture,
  MAX_SCALE,
  MIN_SCALE,
  resNetArchitecture,
  type ResNetDepth,
} from '../../src/scaling/index.js';
import { readGolden } from '../helpers/golden.js';

/** What layer_counts.py wrote of one model. */
interface Counts {
  size: number;
  parameters: number;
  statistics: number;
  multiplyAdds: number[];
  outputs: number[];
}

const golden = readGolden<Record<string, Counts>>('layer_counts.json');
const scales = fc.double({ min: MIN_SCALE, max: MAX_SCALE, noNaN: true });
const describeScale = (x: number) => describeEfficientNet(efficientNetArchitecture(x));
const published = [
  { width: 1.0, depth: 1.0, size: 224, dropout: 0.2 },
  { width: 1.0, depth: 1.1, size: 240, dropout: 0.2 },
  { width: 1.1, depth: 1.2, size: 260, dropout: 0.3 },
  { width: 1.2, depth: 1.4, size: 300, dropout: 0.3 },
  { width: 1.4, depth: 1.8, size: 380, dropout: 0.4 },
  { width: 1.6, depth: 2.2, size: 456, dropout: 0.4 },
  { width: 1.8, depth: 2.6, size: 528, dropout: 0.5 },
  { width: 2.0, depth: 3.1, size: 600, dropout: 0.5 },
];

describe('coefficients', () => {
  test('0 to 7 are exactly the published B0 to B7', () => {
    expect(published.map((_, x) => coefficients(x))).toEqual(published);
  });

  test("Lite's are exactly the published ones", () => {
    expect([0, 1, 2, 3, 4].map((x) => coefficients(x, 'lite'))).toEqual([
      { width: 1.0, depth: 1.0, size: 224, dropout: 0.2 },
      { width: 1.0, depth: 1.1, size: 240, dropout: 0.2 },
      { width: 1.1, depth: 1.2, size: 260, dropout: 0.3 },
      { width: 1.2, depth: 1.4, size: 280, dropout: 0.3 },
      { width: 1.4, depth: 1.8, size: 300, dropout: 0.3 },
    ]);
  });

  test('halfway between two are their geometric means, size to a multiple of 4', () => {
    const { width, depth, size, dropout } = coefficients(3.5);
    expect(width).toBeCloseTo(Math.sqrt(1.2 * 1.4), 12);
    expect(depth).toBeCloseTo(Math.sqrt(1.4 * 1.8), 12);
    expect(size).toBe(336); // sqrt(300 * 380) = 337.6
    expect(dropout).toBeCloseTo(0.35, 12);
  });

  test('lie between their neighbours and reach them', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 6.999, noNaN: true }), (x) => {
        const found = coefficients(x);
        for (const name of ['width', 'depth', 'size', 'dropout'] as const) {
          expect(found[name]).toBeGreaterThanOrEqual(published[Math.floor(x)]![name] - 1e-12);
          expect(found[name]).toBeLessThanOrEqual(published[Math.floor(x) + 1]![name] + 1e-12);
        }
        expect(found.size % 4).toBe(0);
      }),
    );
    for (const x of [1, 2, 3, 4, 5, 6, 7]) {
      const { width, depth, size } = coefficients(x - 1e-9);
      expect(width).toBeCloseTo(published[x]!.width, 7);
      expect(depth).toBeCloseTo(published[x]!.depth, 7);
      expect(size).toBe(published[x]!.size);
    }
  });

  test('follow the compound law beyond B7 and below B0', () => {
    expect(coefficients(8.5).width).toBeCloseTo(2 * 1.1 ** 1.5, 12);
    expect(coefficients(10).depth).toBeCloseTo(3.1 * 1.2 ** 3, 12);
    expect(coefficients(10).size).toBe(912); // 600 * 1.15^3 = 912.5
    expect(coefficients(-2).width).toBeCloseTo(1.1 ** -2, 12);
    expect(coefficients(-4).size).toBe(128); // 224 * 1.15^-4 = 128.1
  });

  test('refuse what is not on the curve', () => {
    for (const x of [NaN, Infinity, 10.01, -4.01]) expect(() => coefficients(x)).toThrow(/from -4 to 10/);
    for (const x of [0.5, 5, -1]) expect(() => coefficients(x, 'lite')).toThrow(/no EfficientNet-Lite/);
    expect(() => coefficients(0, 'tiny' as 'lite')).toThrow(/variant is 'tiny'/);
  });
});

describe('efficientNetArchitecture', () => {
  test('B0 is table 1 of the paper', () => {
    const { stages, stemFilters, lastFilters } = efficientNetArchitecture(0);
    expect([stemFilters, lastFilters]).toEqual([32, 1280]);
    expect(stages.map((s) => [s.expandRatio, s.kernelSize, s.outChannels, s.repeats])).toEqual([
      [1, 3, 16, 1],
      [6, 3, 24, 2],
      [6, 5, 40, 2],
      [6, 3, 80, 3],
      [6, 5, 112, 3],
      [6, 5, 192, 4],
      [6, 3, 320, 1],
    ]);
  });

  test('the depths of B0 to B7 in blocks', () => {
    const blocks = published.map((_, x) =>
      efficientNetArchitecture(x).stages.reduce((n, s) => n + s.repeats, 0),
    );
    expect(blocks).toEqual([16, 23, 23, 26, 32, 39, 45, 55]);
  });

  test('Lite scales neither stem nor head nor the depth of the first and last stage', () => {
    const { stages, ...lite4 } = efficientNetArchitecture(4, { variant: 'lite' });
    expect(lite4).toMatchObject({ stemFilters: 32, lastFilters: 1280, activation: 'relu6', squeezeRatio: 0 });
    expect(stages.map((s) => s.repeats)).toEqual([1, 4, 4, 6, 6, 8, 1]);
    expect(stages.map((s) => s.outChannels)).toEqual([24, 32, 56, 112, 160, 272, 448]);
  });

  test('each stage takes the channels of the one before', () => {
    fc.assert(
      fc.property(scales, (x) => {
        const { stages, stemFilters } = efficientNetArchitecture(x);
        expect(stages.map((s) => s.inChannels)).toEqual([
          stemFilters,
          ...stages.slice(0, -1).map((s) => s.outChannels),
        ]);
      }),
    );
  });

  test('is plain data', () => {
    const architecture = efficientNetArchitecture(2.5);
    expect(structuredClone(architecture)).toEqual(architecture);
    expect(JSON.parse(JSON.stringify(architecture))).toEqual(architecture);
  });

  test('coefficients that are given give the same sizes', () => {
    const named = efficientNetArchitecture(published[3]!);
    expect({ ...named, name: 'efficientnet-b3' }).toEqual(efficientNetArchitecture(3));
  });

  test('refuses bad options', () => {
    const usual = { width: 1, depth: 1, size: 224, dropout: 0.2 };
    expect(() => efficientNetArchitecture({ ...usual, width: 0 })).toThrow(/width is 0/);
    expect(() => efficientNetArchitecture({ ...usual, depth: NaN })).toThrow(/depth is NaN/);
    expect(() => efficientNetArchitecture({ ...usual, size: 224.5 })).toThrow(/size is 224\.5/);
    expect(() => efficientNetArchitecture({ ...usual, dropout: 1 })).toThrow(/dropout is 1/);
    expect(() => efficientNetArchitecture(0, { classes: 0 })).toThrow(/classes is 0/);
    expect(() => efficientNetArchitecture(0, { inputChannels: 1.5 })).toThrow(/inputChannels is 1\.5/);
    expect(() => describeEfficientNet(efficientNetArchitecture(0), 0)).toThrow(/size is 0/);
  });
});

describe('counts without building', () => {
  const models: [string, () => ModelDescription][] = [
    ...[18, 34, 50, 101, 152].map((depth): [string, () => ModelDescription] => [
      `resnet${depth}`,
      () => describeResNet(resNetArchitecture(depth as ResNetDepth)),
    ]),
    ...published.map((_, x): [string, () => ModelDescription] => [
      `efficientnet_b${x}`,
      () => describeScale(x),
    ]),
    ...[0, 1, 2, 3, 4].map((x): [string, () => ModelDescription] => [
      `efficientnet_lite${x}`,
      () => describeEfficientNet(efficientNetArchitecture(x, { variant: 'lite' })),
    ]),
  ];

  test.each(models)('%s: as the reference, convolution by convolution', (name, model) => {
    const expected = golden[name]!;
    const { inputShape, layers, ...totals } = model();
    const rows = layers.filter(({ type }) => ['conv2d', 'depthwiseConv2d', 'dense'].includes(type));
    expect(inputShape).toEqual([expected.size, expected.size, 3]);
    expect(rows.map((row) => row.multiplyAdds)).toEqual(expected.multiplyAdds);
    expect(rows.map((row) => row.outputShape.reduce((a, b) => a * b, 1))).toEqual(expected.outputs);
    expect(totals.multiplyAdds).toBe(expected.multiplyAdds.reduce((a, b) => a + b, 0));
    expect(totals.parameters).toBe(expected.parameters);
    expect(totals.statistics).toBe(expected.statistics);
  });

  // GMACs as torchvision publishes them; B2's is at 288 pixels.
  test.each([
    ['B0', () => describeScale(0), 0.39, 5_288_548],
    ['B1', () => describeScale(1), 0.69, 7_794_184],
    ['B2', () => describeEfficientNet(efficientNetArchitecture(2), 288), 1.1, 9_109_994],
    ['B3', () => describeScale(3), 1.8, 12_233_232],
    ['B4', () => describeScale(4), 4.4, 19_341_616],
    ['B5', () => describeScale(5), 10.3, 30_389_784],
    ['B6', () => describeScale(6), 19.1, 43_040_704],
    ['B7', () => describeScale(7), 37.7, 66_347_960],
    ['R18', () => describeResNet(resNetArchitecture(18)), 1.81, 11_689_512],
    ['R34', () => describeResNet(resNetArchitecture(34)), 3.66, 21_797_672],
    ['R50', () => describeResNet(resNetArchitecture(50)), 4.09, 25_557_032],
    ['R101', () => describeResNet(resNetArchitecture(101)), 7.8, 44_549_160],
    ['R152', () => describeResNet(resNetArchitecture(152)), 11.51, 60_192_808],
  ])('%s: the published figures', (_, model, gmacs, parameters) => {
    const description = model();
    const decimals = String(gmacs).split('.')[1]!.length;
    expect((description.multiplyAdds / 1e9).toFixed(decimals)).toBe(String(gmacs));
    expect(description.parameters).toBe(parameters);
  });

  test('never fall along the curve', () => {
    fc.assert(
      fc.property(fc.array(scales, { minLength: 30, maxLength: 30 }), (points) => {
        const networks = points.sort((a, b) => a - b).map(describeScale);
        for (const count of ['parameters', 'statistics', 'multiplyAdds', 'activationSize'] as const) {
          const counts = networks.map((network) => network[count]);
          expect(counts).toEqual(counts.toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 2 }, // Each run compares 435 pairs.
    );
  });

  test('a step of the law beyond B7 about doubles the cost, as the paper means it to', () => {
    const cost = [7, 8, 9, 10].map((x) => describeScale(x).multiplyAdds);
    for (const i of [1, 2, 3]) {
      expect(cost[i]! / cost[i - 1]!).toBeGreaterThan(1.7);
      expect(cost[i]! / cost[i - 1]!).toBeLessThan(2.1);
    }
  });

  test('a network without a head ends with its features', () => {
    const { layers, parameters } = describeEfficientNet(efficientNetArchitecture(0, { includeTop: false }));
    expect(layers.at(-1)!.outputShape).toEqual([1280]);
    expect(parameters).toBe(5_288_548 - 1281 * 1000);
  });
});

test.each([
  ['b0', "The scale of the EfficientNet is the string 'b0'; give the number 0."],
  ['efficientnet-b2.5', 'give the number 2.5.'],
  ['lite0', "the string 'lite0'; give the number 0 and { variant: 'lite' }."],
  [
    'large',
    "the string 'large'; give 0 to 7 for B0 to B7, 0 to 4 and { variant: 'lite' } for Lite0 to Lite4, or { width",
  ],
  [undefined, 'The scale of the EfficientNet is undefined; give 0 to 7'],
  [null, 'The scale of the EfficientNet is null; give 0 to 7'],
])('the scale %p is refused, with the number to give', (scale, message) => {
  expect(() => efficientNetArchitecture(scale as never)).toThrow(message);
  expect(() => coefficients(scale as never)).toThrow(ArgumentError);
});
