import * as tf from '@tensorflow/tfjs-core';
import { Module } from '../../../src/core/module.js';
import { Random } from '../../../src/core/random.js';
import { parameter } from '../../../src/core/variables.js';
import { apgd, type ApgdOptions } from '../../../src/robustness/attacks/apgd.js';
import type { AttackResult, BallOptions } from '../../../src/robustness/attacks/attack-options.js';
import { deepFool } from '../../../src/robustness/attacks/deep-fool.js';
import { unitPixels } from '../../../src/robustness/attacks/image-range.js';
import { fgsm, pgd } from '../../../src/robustness/attacks/pgd.js';
import { squareAttack } from '../../../src/robustness/attacks/square.js';
import type { Network } from '../../../src/robustness/attacks/victim.js';

const SIDE = 6;
const CLASSES = 4;
const COUNT = 12;

/** A network without hidden layers, so that the best attack in a ball is known: scores are images times weights. */
class Linear extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly weight: tf.Variable;

  constructor(values: Float32Array, classes = CLASSES) {
    super();
    this.weight = parameter(values, [SIDE * SIDE * 3, classes]);
  }

  forward(x: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => tf.matMul(tf.reshape(x, [x.shape[0], -1]), this.weight as tf.Tensor2D));
  }
}

type Attack = (
  network: Network,
  images: tf.Tensor4D,
  labels: number[],
  options: BallOptions & { loss?: ApgdOptions['loss'] },
) => Promise<AttackResult>;

const attacks: Record<string, Attack> = {
  fgsm,
  pgd: (network, images, labels, options) =>
    pgd(network, images, labels, { ...options, steps: 8, restarts: 2 }),
  'apgd ce': (network, images, labels, options) => apgd(network, images, labels, { ...options, steps: 12 }),
  'apgd dlr': (network, images, labels, options) =>
    apgd(network, images, labels, { ...options, steps: 12, loss: 'dlr', restarts: 2 }),
  square: (network, images, labels, options) =>
    squareAttack(network, images, labels, { ...options, queries: 30 }),
};
const names = Object.keys(attacks);

let network: Linear;
let images: tf.Tensor4D;
let labels: number[];

beforeEach(async () => {
  const random = new Random(3);
  network = new Linear(random.normalArray(SIDE * SIDE * 3 * CLASSES, 0.3));
  images = tf.tensor4d(random.uniformArray(COUNT * SIDE * SIDE * 3, 0, 1), [COUNT, SIDE, SIDE, 3]);
  labels = await classesOf(images);
});

afterEach(() => {
  network.dispose();
  images.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

async function classesOf(x: tf.Tensor4D): Promise<number[]> {
  const found = tf.tidy(() => tf.argMax(network.forward(x), 1));
  const values = Array.from(await found.data());
  found.dispose();
  return values;
}

async function valuesOf(x: tf.Tensor): Promise<Float32Array> {
  return x.data<'float32'>();
}

/** The changes of each image. */
async function changesOf(result: AttackResult): Promise<number[][]> {
  const [after, before] = [await valuesOf(result.images), await valuesOf(images)];
  const size = before.length / COUNT;
  return Array.from({ length: COUNT }, (_, n) =>
    Array.from({ length: size }, (_, i) => after[n * size + i]! - before[n * size + i]!),
  );
}

describe.each(names)('%s', (name) => {
  const attack = attacks[name]!;

  test.each([
    ['linf', 0.03],
    ['l2', 0.3],
  ] as const)(
    'stays in the ball of %s and in the range, and says what the network sees',
    async (norm, radius) => {
      const result = await attack(network, images, labels, { norm, radius });
      const changes = await changesOf(result);
      changes.forEach((change, n) => {
        const most = norm === 'linf' ? Math.max(...change.map(Math.abs)) : Math.hypot(...change);
        expect(most).toBeLessThanOrEqual(radius * (1 + 1e-5));
        expect(result.distances[n]).toBeCloseTo(most, 5);
      });
      expect((await valuesOf(result.images)).every((value) => value >= 0 && value <= 1)).toBe(true);
      expect(await classesOf(result.images)).toEqual(result.predicted);
      expect(result.fooled).toEqual(result.predicted.map((seen, i) => seen !== labels[i]));
      expect(result.robustAccuracy).toBeCloseTo(result.fooled.filter((each) => !each).length / COUNT);
      expect(result.robustAccuracy).toBeLessThan(1);
      result.images.dispose();
    },
  );

  test('the same seed and images give the same result', async () => {
    const run = () => attack(network, images, labels, { radius: 0.02, seed: 5 });
    const [first, second] = [await run(), await run()];
    expect(await valuesOf(first.images)).toEqual(await valuesOf(second.images));
    tf.dispose([first.images, second.images]);
  });

  test('images that the network does not see as their labels say stay as they are', async () => {
    const wrong = labels.map((label) => (label + 1) % CLASSES);
    const result = await attack(network, images, wrong, { radius: 0.5 });
    expect(result.robustAccuracy).toBe(0);
    expect(Math.max(...result.distances)).toBe(0);
    result.images.dispose();
  });

  test('a network whose scores are constant keeps its classes, and no value is NaN', async () => {
    const constant = new Linear(new Float32Array(SIDE * SIDE * 3 * CLASSES));
    const zeros = labels.map(() => 0);
    for (const norm of ['linf', 'l2'] as const) {
      const result = await attack(constant, images, zeros, { radius: 0.1, norm });
      expect(result.robustAccuracy).toBe(1);
      expect((await valuesOf(result.images)).every((value) => value >= 0 && value <= 1)).toBe(true);
      result.images.dispose();
    }
    constant.dispose();
  });

  test('stops at the signal and leaves no tensor', async () => {
    const held = tf.memory().numTensors;
    const controller = new AbortController();
    const options = { radius: 0.001, batchSize: 2, onProgress: () => controller.abort(new Error('enough')) };
    const run = attack(network, images, labels, { ...options, signal: controller.signal });
    await expect(run).rejects.toThrow('enough');
    expect(tf.memory().numTensors).toBe(held);
  });

  test('says what is wrong with its arguments, and leaves no tensor', async () => {
    const held = tf.memory().numTensors;
    const bright = tf.mul<tf.Tensor4D>(images, 255);
    const flat = tf.reshape(images, [COUNT, -1]);
    const grey = tf.zeros<tf.Rank.R4>([COUNT, SIDE, SIDE, 1]);
    const cases: [Promise<unknown>, string | RegExp][] = [
      [attack(network, images, labels, { radius: 0 }), 'radius is 0; give a positive finite number.'],
      [
        attack(network, images, labels, { radius: 1, norm: 'l1' as 'l2' }),
        "norm is 'l1'; give one of 'linf', 'l2'",
      ],
      [attack(network, images, labels, { radius: 1, seed: 0.5 }), 'seed is 0.5; give an integer.'],
      [attack(network, images, labels, { radius: 1, epsilon: 1 } as BallOptions), /has no option epsilon/],
      [attack(network, bright, labels, { radius: 1 }), /values from .* to 2\d\d.*; give values from 0 to 1/],
      [attack(network, flat as tf.Tensor4D, labels, { radius: 1 }), /the images are float32 \[12,108\]/],
      [
        attack(network, images, undefined as unknown as number[], { radius: 1 }),
        'the labels are undefined; give an array',
      ],
      [attack(network, images, labels.slice(1), { radius: 1 }), 'there are 11 labels for 12 images'],
      [attack(network, images, labels.with(2, 0.5), { radius: 1 }), 'label 2 is 0.5; give the class'],
      [
        attack(network, grey, labels, { radius: 1, preprocessing: unitPixels }),
        'the images are [12,6,6,1]; give images of 3 channels, as the preprocessing has.',
      ],
      [
        attack(
          network,
          images,
          labels.map(() => 9),
          { radius: 1 },
        ),
        "the class 9 is none of the network's",
      ],
      [attack({} as Network, images, labels, { radius: 1 }), /the model is an object; give a Module/],
    ];
    for (const [run, message] of cases) await expect(run).rejects.toThrow(message);
    const broken = new Linear(new Float32Array(SIDE * SIDE * 3 * CLASSES).fill(NaN), CLASSES);
    const run = attack(broken, images, labels, { radius: 1 });
    await expect(run).rejects.toThrow('The network gave scores that are NaN; check its weights.');
    broken.dispose();
    tf.dispose([bright, flat, grey]);
    expect(tf.memory().numTensors).toBe(held);
  });
});

describe('two classes of a linear network, whose border is a plane', () => {
  /** Far from 0 and 1, so that nothing is clipped. */
  let grey: tf.Tensor4D;
  let two: Linear;
  let difference: Float32Array;
  let margins: number[];
  let seen: number[];

  beforeEach(async () => {
    const random = new Random(9);
    grey = tf.tensor4d(random.uniformArray(COUNT * SIDE * SIDE * 3, 0.4, 0.6), [COUNT, SIDE, SIDE, 3]);
    const weights = random.normalArray(SIDE * SIDE * 3 * 2, 0.3);
    two = new Linear(weights, 2);
    difference = Float32Array.from(
      { length: SIDE * SIDE * 3 },
      (_, i) => weights[2 * i]! - weights[2 * i + 1]!,
    );
    margins = await marginsOf(grey);
    seen = margins.map((margin) => (margin > 0 ? 0 : 1));
  });

  afterEach(() => {
    grey.dispose();
    two.dispose();
  });

  /** How far the score of class 0 is above that of class 1. */
  async function marginsOf(x: tf.Tensor4D): Promise<number[]> {
    const scores = two.forward(x);
    const values = await valuesOf(scores);
    scores.dispose();
    return Array.from({ length: COUNT }, (_, i) => values[2 * i]! - values[2 * i + 1]!);
  }

  test.each([
    ['fgsm', 'linf'],
    ['fgsm', 'l2'],
    ['pgd', 'linf'],
    ['pgd', 'l2'],
    ['apgd ce', 'linf'],
    ['apgd ce', 'l2'],
  ] as const)('%s finds the worst place of the ball of %s', async (name, norm) => {
    const radius = norm === 'linf' ? 1e-4 : 1e-3;
    const result = await attacks[name]!(two, grey, seen, { norm, radius });
    const dual =
      norm === 'linf' ? difference.reduce((sum, w) => sum + Math.abs(w), 0) : Math.hypot(...difference);
    const after = await marginsOf(result.images);
    result.fooled.forEach((isFooled, i) => {
      const least = Math.abs(margins[i]!) - radius * dual;
      expect(isFooled).toBe(least < 0);
      // Auto-PGD gives the last place that fools, which need not be the worst one.
      if (name !== 'apgd ce')
        expect(Math.abs(Math.abs(after[i]!) - Math.abs(least))).toBeLessThan(2e-4 * dual);
    });
    result.images.dispose();
  });

  test('deepFool goes to the border and a fiftieth further', async () => {
    const result = await deepFool(two, grey, seen);
    expect(result.robustAccuracy).toBe(0);
    result.distances.forEach((distance, i) => {
      const nearest = (1.02 * Math.abs(margins[i]!)) / Math.hypot(...difference);
      expect(distance).toBeCloseTo(nearest, 3);
    });
    result.images.dispose();
  });

  test('a target is reached where the ball is large enough, and images of its class stay', async () => {
    const result = await pgd(two, grey, seen, { radius: 0.3, steps: 4, target: 1 });
    expect(result.fooled).toEqual(seen.map(() => true));
    expect(result.predicted).toEqual(seen.map(() => 1));
    result.distances.forEach((distance, i) => expect(distance > 0).toBe(seen[i] === 0));
    result.images.dispose();
  });

  test('the difference of logits ratio needs three classes', async () => {
    const run = apgd(two, grey, seen, { radius: 0.1, loss: 'dlr' });
    await expect(run).rejects.toThrow('the network has 2 classes; this attack needs at least 3.');
  });
});

test('deepFool leaves images of a network that is constant, and stops at the signal', async () => {
  const constant = new Linear(new Float32Array(SIDE * SIDE * 3 * CLASSES));
  const result = await deepFool(
    constant,
    images,
    labels.map(() => 0),
    { steps: 3 },
  );
  expect(Math.max(...result.distances)).toBe(0);
  result.images.dispose();
  constant.dispose();
  const held = tf.memory().numTensors;
  await expect(
    deepFool(network, images, labels, { signal: AbortSignal.abort(new Error('no')) }),
  ).rejects.toThrow('no');
  expect(tf.memory().numTensors).toBe(held);
});

test('targets and restarts are checked', async () => {
  const target = labels.map(() => 0).slice(2);
  await expect(pgd(network, images, labels, { radius: 0.1, target })).rejects.toThrow(
    'for 12 images; give a class, or one',
  );
  await expect(pgd(network, images, labels, { radius: 0.1, target: 7 })).rejects.toThrow(
    "class 7 is none of the network's",
  );
  const same = { radius: 0.1, randomStart: false, restarts: 2 };
  await expect(pgd(network, images, labels, same)).rejects.toThrow('restarts is 2 without randomStart');
});

/** Sorts its scores, which tfjs has no gradient for. */
class Sorting extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly inner = network;

  forward(x: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => tf.topk(this.inner.forward(x), CLASSES).values as tf.Tensor2D);
  }
}

test('a network that has no gradient is refused, and the square attack takes it', async () => {
  const sorting = new Sorting();
  const held = tf.memory().numTensors;
  await expect(
    fgsm(
      sorting,
      images,
      labels.map(() => 0),
      { radius: 0.1 },
    ),
  ).rejects.toThrow(/no gradient with respect to its images.*squareAttack/);
  expect(tf.memory().numTensors).toBe(held);
  const result = await squareAttack(
    sorting,
    images,
    labels.map(() => 0),
    { radius: 0.3, queries: 20 },
  );
  result.images.dispose();
  expect(tf.memory().numTensors).toBe(held);
});
