import { ready } from '#backends';
import * as library from '../../src/index.js';

/** What is taken for a network. */
const network = { forward() {}, namedVariables() {} } as never;
const classifier = Object.assign({}, network, { preprocessing: {}, architecture: {}, convention: '' });
const dataset = { classes: ['a', 'b'], labels: [0, 1], image: async () => ({}) };
const parameters: never[] = [];

/** Every public function and class that takes options, given one that does not exist, as JavaScript can. */
const calls: [name: string, call: (options: never) => unknown, known: string][] = [
  ['buildResNet', (o) => library.buildResNet(20, o), 'classes'],
  ['buildEfficientNet', (o) => library.buildEfficientNet(0, o), 'classes'],
  ['buildModel', (o) => library.buildModel('resnet20', o), 'classes'],
  ['describeModel', (o) => library.describeModel('resnet20', o), 'classes'],
  ['resNetArchitecture', (o) => library.resNetArchitecture(20, o), 'classes'],
  ['efficientNetArchitecture', (o) => library.efficientNetArchitecture(0, o), 'classes'],
  ['describeResNet', (o) => library.describeResNet(library.resNetArchitecture(20), o), 'size'],
  ['scaleToBudget', (o) => library.scaleToBudget({ parameters: 1e7 }, o), 'classes'],
  ['searchCoefficients', (o) => library.searchCoefficients(() => 1, o), 'step'],
  ['articleDepth', (o) => library.articleDepth(o), 'resource'],
  ['Conv2D', (o) => new library.Conv2D(o), 'filters'],
  ['DepthwiseConv2D', (o) => new library.DepthwiseConv2D(o), 'channels'],
  ['Dense', (o) => new library.Dense(o), 'units'],
  ['BatchNorm', (o) => new library.BatchNorm(o), 'momentum'],
  ['SqueezeExcite', (o) => new library.SqueezeExcite(o), 'channels'],
  ['MaxPool', (o) => new library.MaxPool(o), 'stride'],
  ['AvgPool', (o) => new library.AvgPool(o), 'stride'],
  ['ConvNorm', (o) => new library.ConvNorm(o), 'filters'],
  ['ResidualBlock', (o) => new library.ResidualBlock(o), 'channels'],
  ['MBConv', (o) => new library.MBConv(o), 'stride'],
  ['ready', (o) => library.ready(o), 'backend'],
  ['load', (o) => library.load('x.safetensors', o), 'convention'],
  ['load', (o) => library.load(network, 'x', o), 'strict'],
  ['encode', (o) => library.encode(network, o), 'format'],
  ['encodeSafetensors', (o) => library.encodeSafetensors(new Map(), o), 'dtype'],
  ['warmUp', (o) => library.warmUp(network, o), 'input'],
  ['classify', (o) => library.classify({ predict() {} } as never, 'x.jpg', o), 'batchSize'],
  ['decodePredictions', (o) => library.decodePredictions({ shape: [1, 2] } as never, 1, o), 'labels'],
  ['evaluate', (o) => library.evaluate(network, [{ x: 1, y: 1 }] as never, o), 'metrics'],
  ['train', (o) => library.train(network, dataset as never, o), 'microBatchSize'],
  ['fineTune', (o) => library.fineTune({ predict() {} } as never, dataset as never, o), 'learningRate'],
  ['fineTuneRecipe', (o) => library.fineTuneRecipe(o), 'images'],
  ['MovingAverage', (o) => new library.MovingAverage(parameters, o), 'decay'],
  ['SGD', (o) => new library.SGD(parameters, o), 'momentum'],
  ['RMSProp', (o) => new library.RMSProp(parameters, o), 'momentum'],
  ['Adam', (o) => new library.Adam(parameters, o), 'weightDecay'],
  ['AdamW', (o) => new library.AdamW(parameters, o), 'weightDecay'],
  ['LAMB', (o) => new library.LAMB(parameters, o), 'weightDecay'],
  ['stepSchedule', (o) => library.stepSchedule(1, o), 'factor'],
  ['exponentialSchedule', (o) => library.exponentialSchedule(1, o), 'factor'],
  ['cosineSchedule', (o) => library.cosineSchedule(1, o), 'steps'],
  ['polynomialSchedule', (o) => library.polynomialSchedule(1, o), 'steps'],
  ['oneCycleSchedule', (o) => library.oneCycleSchedule(1, o), 'steps'],
  ['withWarmUp', (o) => library.withWarmUp(() => 1, o), 'steps'],
  ['softmaxCrossEntropy', (o) => library.softmaxCrossEntropy({} as never, {} as never, o), 'labelSmoothing'],
  ['focalLoss', (o) => library.focalLoss({} as never, {} as never, o), 'gamma'],
  ['BatchWorkers', (o) => new library.BatchWorkers('x.js', o), 'workers'],
  ['folderDataset', (o) => library.folderDataset('x', o), 'onSkip'],
  ['tarDataset', (o) => library.tarDataset('x.tar', o), 'onSkip'],
  ['decodeAll', (o) => library.decodeAll(dataset as never, o), 'transform'],
  ['decodable', (o) => library.decodable(dataset as never, o), 'onSkip'],
  ['batches', (o) => library.batches(dataset as never, o).next(), 'batchSize'],
  ['limits', (limits) => library.load('http://127.0.0.1:9/x', { limits }), 'maxBytes'],
  ['split', (o) => library.split(dataset as never, o), 'validation'],
  ['colorJitter', (o) => library.colorJitter(o), 'brightness'],
  ['randomResizedCrop', (o) => library.randomResizedCrop(o), 'size'],
  ['randomErasing', (o) => library.randomErasing(o), 'probability'],
  ['measureCalibration', (o) => library.measureCalibration({ logits: [[0, 1]], labels: [0] }, o), 'bins'],
  ['fitScaling', (o) => library.fitScaling({ logits: [[0, 1]], labels: [0] }, o), 'method'],
  ['calibrate', (o) => library.calibrate(network, dataset as never, o), 'method'],
  ['collectLogits', (o) => library.collectLogits(network, [{ x: 1, y: 1 }] as never, o), 'onProgress'],
  ['fitConformal', (o) => library.fitConformal({ logits: [[0, 1]], labels: [0] }, o), 'coverage'],
  ['predictionSets', (o) => library.predictionSets({} as never, [[0, 1]], o), 'seed'],
  ['outlierScores', (o) => library.outlierScores([[0, 1]], o), 'temperature'],
  ['fitMahalanobis', (o) => library.fitMahalanobis([[0], [1]], [0, 0], o), 'shrinkage'],
  ['findLabelErrors', (o) => library.findLabelErrors({ logits: [[0, 1]], labels: [0] }, o), 'method'],
  ['report', (o) => library.report(classifier, dataset as never, o), 'images'],
  ['reliabilityDiagram', (o) => library.reliabilityDiagram([], o), 'title'],
  ['randAugment', (o) => library.randAugment(o), 'magnitude'],
];

beforeAll(() => ready());

test.each(calls)(
  '%s refuses an option that does not exist, and names the nearest',
  async (name, call, known) => {
    const snake = known.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    for (const misspelled of [`num_${snake}`, `${known}s`, known.slice(0, -1)]) {
      const error = await (async () => call({ [misspelled]: 1 } as never))().catch((error: unknown) => error);
      expect(error).toBeInstanceOf(library.ArgumentError);
      expect((error as Error).message).toBe(`${name} has no option ${misspelled}; did you mean ${known}?`);
    }
  },
);

test.each(calls)('%s refuses options that are no object', async (name, call) => {
  for (const options of [null, 3, 'x', []]) {
    const error = await (async () => call(options as never))().catch((error: unknown) => error);
    expect(error).toBeInstanceOf(library.ArgumentError);
    expect((error as Error).message).toMatch(new RegExp(`^${name}: the options are .*; give an object`));
  }
});

test('numClasses is no option of buildResNet: did you mean classes?', () => {
  expect(() => library.buildResNet(50, { numClasses: 3 } as never)).toThrow(
    new library.ArgumentError('buildResNet has no option numClasses; did you mean classes?'),
  );
});

test("buildResNet('50') says that 50 is a string", () => {
  expect(() => library.buildResNet('50' as never)).toThrow(
    new library.ArgumentError("The ResNet is the string '50'; give the number 50."),
  );
});

/** Every option of layers, blocks and builders that is true or false, given a string. */
const booleans: [name: string, call: (option: never) => unknown][] = [
  ['includeTop', (includeTop) => library.buildResNet(20, { includeTop })],
  ['includeTop', (includeTop) => library.buildEfficientNet(0, { includeTop })],
  ['includeTop', (includeTop) => library.pretrained('resnet20', { includeTop })],
  ['initialize', (initialize) => library.buildResNet(20, { initialize })],
  ['initialize', (initialize) => library.buildEfficientNet(0, { initialize })],
  ['zeroInitResidual', (zeroInitResidual) => library.buildResNet(20, { zeroInitResidual })],
  ['bias', (bias) => new library.Conv2D({ inChannels: 1, filters: 1, kernelSize: 1, bias } as never)],
  ['bias', (bias) => new library.DepthwiseConv2D({ channels: 1, kernelSize: 1, bias } as never)],
  ['zeroWeight', (zeroWeight) => new library.BatchNorm({ channels: 1, zeroWeight } as never)],
  ['countPadding', (countPadding) => new library.AvgPool({ size: 2, countPadding })],
];

test.each(booleans)("%s: 'false' is refused", async (name, call) => {
  const error = await (async () => call('false' as never))().catch((error: unknown) => error);
  expect(error).toBeInstanceOf(library.ArgumentError);
  expect((error as Error).message).toBe(`${name} is the string 'false'; give true or false.`);
});

test('exportOnnx and preprocessInput refuse other options', async () => {
  const model = { predict() {} } as never;
  await expect(library.exportOnnx(model, { opset: 11 } as never)).rejects.toThrow(
    'exportOnnx has no option opset; it has input.',
  );
  const call = library.preprocessInput as (...args: unknown[]) => unknown;
  expect(() => call([], 'torch', { x: 1 })).toThrow('preprocessInput has no option x, and no other.');
});
