import * as tf from '@tensorflow/tfjs-core';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Module } from '../../../src/core/module.js';
import { Random } from '../../../src/core/random.js';
import { parameter } from '../../../src/core/variables.js';
import { adversarialTraining, pgd, trades, unitPixels } from '../../../src/robustness/attacks/index.js';
import { softmaxCrossEntropy } from '../../../src/training/losses.js';
import { SGD } from '../../../src/training/optim/sgd.js';
import { constantSchedule } from '../../../src/training/optim/schedules.js';
import { train } from '../../../src/training/train.js';
import { valueAndGradients } from '../../../src/training/value-and-gradients.js';
import { preprocess, preprocessInput } from '../../../src/vision/preprocess.js';
import { ruleValues } from '../../helpers/golden.js';
import { SIZE, tinyData, tinyModel } from '../../training/tiny.js';

interface Golden {
  readonly cases: readonly {
    readonly method: 'adversarialTraining' | 'trades';
    readonly norm: 'linf' | 'l2';
    readonly radius: number;
    readonly loss: number;
    readonly gradients: readonly (readonly number[])[];
  }[];
}

const golden = JSON.parse(
  readFileSync(join(__dirname, '../../golden/adversarial_training.json'), 'utf8'),
) as Golden;

/** The network of test/golden/adversarial_training.py. */
class Small extends Module<tf.Tensor4D, tf.Tensor2D> {
  readonly kernel = parameter(Float32Array.from(ruleValues('kernel', 3 * 3 * 3 * 4)), [3, 3, 3, 4]);
  readonly head = parameter(
    Float32Array.from(ruleValues('head', 4 * 3), (value) => 3 * value),
    [4, 3],
  );

  forward(x: tf.Tensor4D): tf.Tensor2D {
    return tf.tidy(() => {
      const y = tf.relu(tf.conv2d(x, this.kernel as tf.Tensor4D, 1, 'same'));
      return tf.matMul(tf.mean(y, [1, 2]) as tf.Tensor2D, this.head as tf.Tensor2D);
    });
  }
}

const methods = { adversarialTraining, trades };

test.each(golden.cases)("$method in the ball of $norm has PyTorch's loss and gradients", async (expected) => {
  const { method, norm, radius } = expected;
  const common = { norm, radius, preprocessing: 'torch' } as const;
  const objective =
    method === 'trades' ? trades(common) : adversarialTraining({ ...common, randomStart: false });
  const net = new Small();
  const pixels = ruleValues('images', 5 * 6 * 6 * 3).map((value) => 255 * (0.5 + 0.5 * value));
  const x = tf.tidy(() => preprocessInput(tf.tensor4d(Float32Array.from(pixels), [5, 6, 6, 3]), 'torch'));
  const y = tf.tensor1d([0, 1, 2, 0, 1], 'int32');
  const made = await objective.prepare(net, { x, y }, new Random(1));
  const { value, gradients } = valueAndGradients(net, () => {
    const forward = (input: tf.Tensor4D) => net.forward(input);
    return objective.compute({ forward, x, y, made, loss: softmaxCrossEntropy }).loss;
  });
  expect((await value.data())[0]).toBeCloseTo(expected.loss, 4);
  const found = [gradients['kernel']!, gradients['head']!].map((each) => each.dataSync());
  found.forEach((values, i) => {
    const wanted = expected.gradients[i]!;
    const picked = wanted.map((_, k) => values[Math.floor((k * values.length) / wanted.length)]!);
    const largest = Math.max(...wanted.map(Math.abs));
    picked.forEach((each, k) => expect(Math.abs(each - wanted[k]!)).toBeLessThan(2e-3 * largest));
  });
  tf.dispose([value, ...Object.values(gradients), x, y, ...made]);
  net.dispose();
  expect(tf.memory().numTensors).toBe(0);
});

describe.each(['adversarialTraining', 'trades'] as const)('%s', (method) => {
  /** For a network as small as this one, the divergence must not count for much, or all answers become the same. */
  const objective = () =>
    method === 'trades'
      ? trades({ radius: 0.15, steps: 4, beta: 1 })
      : adversarialTraining({ radius: 0.15, steps: 4 });

  test('makes a network harder to fool than training without it', async () => {
    const radius = 0.15;
    const robust = async (isAdversarial: boolean) => {
      const model = tinyModel();
      const fit = async (epochs: number, objective?: ReturnType<typeof adversarialTraining>) => {
        const options = {
          epochs,
          batchSize: 20,
          schedule: constantSchedule(method === 'trades' ? 0.03 : 0.1),
          objective,
        };
        for await (const event of train(model, tinyData(60), options))
          if (event.type === 'step') expect(event.loss).toBeGreaterThan(0);
      };
      await fit(6);
      await fit(12, isAdversarial ? objective() : undefined);
      const data = tinyData(45, 1);
      const pictures = await Promise.all(Array.from(data.labels, (_, i) => data.image(i)));
      const images = await preprocess(pictures, { ...model.preprocessing, size: SIZE, ...unitPixels });
      const result = await pgd(model, images, data.labels, { radius, steps: 5 });
      tf.dispose([images, result.images]);
      model.dispose();
      return result.robustAccuracy;
    };
    const [plain, trained] = [await robust(false), await robust(true)];
    expect(trained).toBeGreaterThan(plain + 0.1);
    expect(tf.memory().numTensors).toBe(0);
  });

  test('trains any network, in parts, with soft targets, and leaves no tensor', async () => {
    const net = new Small();
    const held = tf.memory().numTensors;
    const events = train(
      net,
      function* () {
        const x = tf.zeros<tf.Rank.R4>([4, 6, 6, 3]);
        yield { x, y: tf.fill<tf.Rank.R2>([4, 3], 1 / 3) };
      },
      {
        ...{ epochs: 1, loss: softmaxCrossEntropy, schedule: constantSchedule(0.1), microBatchSize: 2 },
        optimizer: (parameters) => new SGD(parameters, {}),
        objective: methods[method]({ radius: 0.1, preprocessing: 'torch' }),
      },
    );
    for await (const event of events) if (event.type === 'step') expect(event.loss).toBeGreaterThan(0);
    expect(tf.memory().numTensors).toBe(held);
    net.dispose();
  });

  test('says what is wrong with its options', () => {
    const make = methods[method];
    expect(() => make({ radius: 0 })).toThrow('radius is 0; give a positive finite number.');
    expect(() => make({ radius: 1, steps: 0 })).toThrow('steps is 0; give an integer of at least 1.');
    expect(() => make({ radius: 1, norm: 'l1' as 'l2' })).toThrow("norm is 'l1'");
    expect(() => make({ radius: 1, epsilon: 2 } as never)).toThrow(`${method} has no option epsilon`);
  });
});

test('an objective that is none is refused before the first step', () => {
  const model = tinyModel();
  const options = { epochs: 1, schedule: constantSchedule(0.1), objective: 'pgd' as never };
  expect(() => train(model, tinyData(6), options)).toThrow(
    "objective is the string 'pgd'; give what adversarialTraining makes",
  );
  model.dispose();
});
