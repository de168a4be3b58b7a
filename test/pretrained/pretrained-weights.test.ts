import {
  efficientNetConvention,
  resNetConventions,
  type ResNetConventionName,
} from '../../src/models/conventions.js';
import { modelArchitecture, modelNames } from '../../src/models/build-model.js';
import type { Preprocessing } from '../../src/models/preprocessing.js';
import { pretrainedWeights, type PretrainedWeights } from '../../src/pretrained/pretrained-weights.js';
import { readGolden } from '../helpers/golden.js';

interface Published {
  source: string;
  licence?: string;
  top1?: number;
  preprocessing?: Pick<Preprocessing, 'size' | 'resize' | 'interpolation' | 'mean' | 'std' | 'stretch'>;
}

const golden = readGolden<Record<string, Published>>('pretrained.json');

/** The preprocessing of a network that is built with these weights. */
function preprocessingOf({ model, convention, preprocessing }: PretrainedWeights): Preprocessing {
  const architecture = modelArchitecture(model, {});
  if (architecture.family === 'resnet') {
    const { preprocessing: ofSize } = resNetConventions[convention as ResNetConventionName];
    return { ...ofSize(architecture.size), ...preprocessing };
  }
  const { depth, variant, size } = architecture;
  return {
    ...efficientNetConvention(convention, depth, variant).preprocessing(size),
    ...preprocessing,
  };
}

const ofOthers = pretrainedWeights.filter(({ name }) => !name.startsWith('skipscale/'));

test.each(ofOthers)('$name is as its source says', (entry) => {
  const { source, licence, top1, preprocessing } = golden[entry.name]!;
  expect(entry.source).toBe(source);
  if (licence) expect(entry.licence.toLowerCase()).toBe(licence);
  if (top1) expect(entry.top1).toBe(top1);
  if (!preprocessing) return;
  const { mean, std, ...squares } = preprocessing;
  const chosen = preprocessingOf(entry);
  expect(chosen).toMatchObject(squares);
  expect(chosen.stretch).toBe(squares.stretch);
  // The two may scale differently first.
  for (const byte of [0, 100, 255]) {
    const expected = mean.map((m, c) => (byte / 255 - m) / std[c]!);
    const found = chosen.mean.map((m, c) => (byte * chosen.scale - m) / chosen.std[c]!);
    expect(found).toEqual(expected.map((x) => expect.closeTo(x, 9)));
  }
});

test('every entry of the sources is there, and every network of the two papers for ImageNet has a default', () => {
  expect(ofOthers.map(({ name }) => name).sort()).toEqual(Object.keys(golden).sort());
  const ofPapers = modelNames.filter((name) =>
    /^(resnet(18|34|50|101|152)|efficientnet-(b|lite)\d)$/.test(name),
  );
  const defaults = new Set(pretrainedWeights.filter((e) => e.dataset === 'imagenet').map((e) => e.model));
  expect(ofPapers.filter((name) => !defaults.has(name))).toEqual([]);
});

test("torchvision's files are checked by the digits of their names", () => {
  for (const { name, source, sha256 } of pretrainedWeights) {
    const digits = /-([0-9a-f]{8})\.pth$/.exec(source)?.[1];
    expect([name, sha256]).toEqual([name, digits]);
    expect(name.startsWith('torchvision/')).toBe(digits !== undefined);
  }
});
