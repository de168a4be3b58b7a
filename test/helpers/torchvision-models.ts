import * as tf from '@tensorflow/tfjs-core';
import { FusedMBConv } from '../../src/blocks/fused-mb-conv.js';
import { MBConv } from '../../src/blocks/mb-conv.js';
import { ResidualBlock } from '../../src/blocks/residual-block.js';
import { Random } from '../../src/core/random.js';
import { BatchNorm } from '../../src/layers/batch-norm.js';
import { buildEfficientNet } from '../../src/models/efficientnet.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { buildResNet } from '../../src/models/resnet.js';
import type { NameMap } from '../../src/weights/names/name-map.js';
import { timm } from '../../src/weights/names/timm.js';
import { torchvision } from '../../src/weights/names/torchvision.js';
import { norm, readGolden, relativeDistance, spread } from './golden.js';
import { predictWithStages } from './stages.js';
import { fillByRule, ruleInput, torchKey, torchSpread } from './torch-model.js';

type Shape = [n: number, channels: number, height: number, width: number];

interface Values {
  norm: number;
  spread: number[];
}

/** What torchvision or timm computes for a model; written by test/golden/torchvision_models.py, which says how. */
interface Reference {
  parameters: number;
  /** Multiplies weight and bias of the last batch norm of every EfficientNet block first. Default 1. */
  projectionScale?: number;
  evaluation: {
    input: Shape;
    logits: number[][];
    stages: Record<string, { shape: number[]; std: number; spread: number[] }>;
  };
  training: {
    input: Shape;
    /** Added to the bias of every batch norm first. */
    biasShift: number;
    /** Then multiplies weight and bias of the last batch norm of every bottleneck. */
    lastNormScale: number;
    loss: number;
    gradients: Record<string, Values>;
    running: Record<string, Values>;
  };
}

const options = { initialize: false, dropout: 0 };

const builders: Record<string, () => ImageClassifier> = {
  resnet18: () => buildResNet(18, options),
  resnet34: () => buildResNet(34, options),
  resnet50: () => buildResNet(50, options),
  resnet101: () => buildResNet(101, options),
  resnet152: () => buildResNet(152, options),
  resnet18_narrow: () => buildResNet(18, { width: 0.125, ...options }),
  resnet50_narrow: () => buildResNet(50, { width: 0.125, ...options }),
  ...Object.fromEntries(
    [0, 1, 2, 3, 4, 5, 6, 7].map((x) => [
      `efficientnet_b${x}`,
      () => buildEfficientNet(x, { stochasticDepth: 0, ...options }),
    ]),
  ),
  efficientnet_v2_s: () => buildEfficientNet('v2-s', { stochasticDepth: 0, ...options }),
  resnext50_narrow: () => buildResNet('resnext50_32x4d', { width: 0.25, ...options }),
  wide_resnet50_narrow: () => buildResNet('wide_resnet50_2', { width: 0.125, ...options }),
  efficientnet_narrow: () =>
    buildEfficientNet({ width: 0.125, depth: 0.5, size: 64, dropout: 0 }, { stochasticDepth: 0, ...options }),
};

/** timm's, by its names; its ResNets are narrow. */
const timmBuilders: typeof builders = {
  resnet18d: () => buildResNet('resnet18d', { width: 0.125, ...options }),
  resnet50d: () => buildResNet('resnet50d', { width: 0.125, ...options }),
  resnetrs50: () => buildResNet('resnetrs50', { width: 0.125, ...options }),
  seresnet18: () => buildResNet('seresnet18', options),
  seresnext26d_32x4d: () => buildResNet('seresnext26d_32x4d', { width: 0.25, ...options }),
  tf_efficientnetv2_b0: () =>
    buildEfficientNet('v2-b0', { convention: 'timm-tf', stochasticDepth: 0, ...options }),
};

/** torchvision's published ResNets. */
export const resNets = ['resnet18', 'resnet34', 'resnet50', 'resnet101', 'resnet152'];

/** torchvision's published EfficientNets. */
export const efficientNets = [0, 1, 2, 3, 4, 5, 6, 7].map((x) => `efficientnet_b${x}`);

/** Whether to run the training steps of all models on the cpu backend, which takes an hour: npm run test:exact. */
export const exhaustive = process.env.SKIPSCALE_EXACT === 'all';

/** What is off by how much: empty where all is within its limit. */
type Failures = string[];

interface Cases {
  /** How many of the source's images are evaluated. Default 2. */
  images?: number;
  /** Whether a training step is compared. Default true. */
  trains?: boolean;
}

/**
 * Defines the tests of one model, filled by the rule, on each of some backends:
 * - logits and the output of every stage are the source's, torchvision's or timm's, for the first of its images: the largest
 *   difference is at most 1e-4 of the values' standard deviation;
 * - loss, gradients and running statistics of a training step are the source's: norms within 1e-3, and of every tensor
 *   eight values within 1e-2 of its root mean square.
 *
 * Nothing is left of the model.
 */
export function testModel(
  backends: Readonly<Record<string, Cases>>,
  name: string,
  source: 'torchvision' | 'timm' = 'torchvision',
): void {
  const [build, map] = source === 'timm' ? [timmBuilders[name]!, timm] : [builders[name]!, torchvision];
  describe(name, () => {
    const reference = readGolden<Reference>(`${source}/${name}.json`);
    const { parameters, projectionScale, evaluation, training } = reference;
    const each = Object.entries(backends).map(([backend, { images = 2, trains = true }]) => ({
      backend,
      images,
      trains,
    }));
    let before: number;
    let model: ImageClassifier;
    let isTrained = false;

    const fill = () => {
      fillByRule(model, map);
      scaleProjections(model, projectionScale);
    };
    beforeAll(async () => {
      await tf.setBackend('simd');
      before = tf.memory().numTensors;
      model = build();
      fill();
    });
    afterAll(() => {
      model.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });

    test.each(each)(`stages and logits are ${source}'s, on $backend`, async ({ backend, images }) => {
      await tf.setBackend(backend);
      const trainable = model.variables().filter((variable) => variable.trainable);
      expect(trainable.reduce((sum, { size }) => sum + size, 0)).toBe(parameters);
      expect(await compareEvaluation(model, evaluation, images)).toEqual([]);
    });

    const trained = each.filter(({ trains }) => trains);
    if (trained.length === 0) return;
    test.each(trained)(
      `a training step is ${source}'s, on $backend`,
      async ({ backend }) => {
        await tf.setBackend(backend);
        if (isTrained) fill();
        isTrained = true;
        expect(await compareTrainingStep(model, training, map)).toEqual([]);
      },
      3_600_000,
    );
  });
}

/** Compares the first `n` images; they are the first values of all, in PyTorch's layout. */
async function compareEvaluation(
  model: ImageClassifier,
  evaluation: Reference['evaluation'],
  n: number,
): Promise<Failures> {
  const [all, , size] = evaluation.input;
  const images = ruleInput(n, size);
  const { logits, stages } = predictWithStages(model, images);
  await toSimd([logits, ...stages]);
  const distances = tf.tidy(() => stageDistances(stages, evaluation, n, n / all));
  distances.push(['logits', relativeDistance(logits.dataSync(), evaluation.logits.slice(0, n).flat())]);
  tf.dispose([images, logits, stages]);
  return distances.filter(([, d]) => !(d <= 1e-4)).map(([key, d]) => `${key}: ${d}`);
}

/** Reads tensors, which WebGPU can only do asynchronously, and makes `simd` the current backend, to which they move. */
async function toSimd(tensors: readonly tf.Tensor[]): Promise<void> {
  await Promise.all(tensors.map((tensor) => tensor.data()));
  await tf.setBackend('simd');
}

function stageDistances(
  stages: readonly tf.Tensor4D[],
  evaluation: Reference['evaluation'],
  n: number,
  part: number,
): [string, number][] {
  const expected = Object.entries(evaluation.stages);
  expect(stages.length).toBe(expected.length);
  return stages.map((stage, i): [string, number] => {
    const [key, { shape, std, spread: values }] = expected[i]!;
    const actual = tf.transpose(stage, [0, 3, 1, 2]);
    expect(actual.shape).toEqual([n, ...shape.slice(1)]);
    const first = values.slice(0, values.length * part);
    return [key, relativeDistance(spread(actual.dataSync(), first.length), first, std)];
  });
}

async function compareTrainingStep(
  model: ImageClassifier,
  training: Reference['training'],
  map: NameMap,
): Promise<Failures> {
  const [n, , size] = training.input;
  tf.tidy(() => changeNorms(model, training));
  const context = { training: true, random: new Random(0) } as const;
  const { value, grads } = tf.tidy(() => {
    const labels = tf.oneHot(tf.range(0, n, 1, 'int32'), 1000);
    const images = ruleInput(n, size);
    return tf.variableGrads(
      () => tf.losses.softmaxCrossEntropy(labels, model.forward(images, context)) as tf.Scalar,
      model.variables().filter(({ trainable }) => trainable),
    );
  });
  await toSimd([value, ...Object.values(grads), ...model.variables()]);
  const loss = Math.abs(value.dataSync()[0]! - training.loss) / training.loss;
  const failures = tf.tidy(() => compareVariables(model, grads, training, map));
  tf.dispose([value, grads]);
  return [...(loss <= 1e-3 ? [] : [`loss: ${loss}`]), ...failures];
}

/**
 * Multiplies what the last batch norm of every EfficientNet block gives: the activations of deep ones would grow until
 * squeeze-excitation multiplies rounding errors.
 */
export function scaleProjections(model: ImageClassifier, scale = 1): void {
  if (scale === 1) return;
  for (const { module } of model.namedModules()) {
    const isBlock = module instanceof MBConv || module instanceof FusedMBConv;
    const norm = isBlock ? module.project.norm : undefined;
    for (const variable of norm ? [norm.weight, norm.bias] : [])
      tf.tidy(() => variable.assign(tf.mul(variable, scale)));
  }
}

function changeNorms(model: ImageClassifier, { biasShift, lastNormScale }: Reference['training']): void {
  for (const { module } of model.namedModules()) {
    if (module instanceof BatchNorm) module.bias.assign(tf.add(module.bias, biasShift));
  }
  for (const { module } of model.namedModules()) {
    const last = module instanceof ResidualBlock ? module.conv3?.norm : undefined;
    for (const variable of last ? [last.weight, last.bias] : []) {
      variable.assign(tf.mul(variable, lastNormScale));
    }
  }
}

function compareVariables(
  model: ImageClassifier,
  grads: tf.NamedTensorMap,
  { gradients, running }: Reference['training'],
  map: NameMap,
): Failures {
  // Batch norm undoes what some parameters add (a bias before a convolution and another batch norm), so their true
  // gradients are zero and what is computed is noise: differences count relative to the whole gradient's norm too.
  const least = 1e-4 * norm(Object.values(gradients).map((gradient) => gradient.norm));
  return Array.from(model.namedVariables()).flatMap((named) => {
    const { trainable, name, size } = named.variable;
    const key = torchKey(model, named, map);
    const expected = trainable ? gradients[key]! : running[key]!;
    const actual = trainable ? grads[name]! : named.variable;
    const scale = trainable ? Math.max(expected.norm, least) : expected.norm;
    const ofNorm = Math.abs(norm(actual.dataSync<'float32'>()) - expected.norm) / scale;
    const ofValues = relativeDistance(
      torchSpread(named, actual, 8),
      expected.spread,
      scale / Math.sqrt(size),
    );
    return ofNorm <= 1e-3 && ofValues <= 1e-2 ? [] : [`${key}: norm ${ofNorm}, values ${ofValues}`];
  });
}
