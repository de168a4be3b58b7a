import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../../src/core/errors.js';
import { Module } from '../../../src/core/module.js';
import { Random } from '../../../src/core/random.js';
import { Dense } from '../../../src/layers/dense.js';
import {
  calibrate,
  fitScaling,
  measureCalibration,
  reliabilityDiagram,
  scaleLogits,
} from '../../../src/robustness/index.js';
import { collectLogits } from '../../../src/training/collect-logits.js';
import { evaluate } from '../../../src/training/evaluate.js';
import { decodePredictions } from '../../../src/vision/decode-predictions.js';
import { encode } from '../../../src/weights/encode.js';
import { load } from '../../../src/weights/load.js';
import { tinyData, tinyModel } from '../../training/tiny.js';
import { golden, goldenLogits } from './golden-logits.js';

const predictions = goldenLogits();

function expectMeasured(given: typeof predictions, wanted: Record<string, Record<string, number>>) {
  const measured = measureCalibration(given) as unknown as Record<string, number>;
  for (const [name, values] of Object.entries(wanted)) {
    // torchmetrics computes the top-label errors in float32.
    for (const value of Object.values(values)) expect(measured[name]).toBeCloseTo(value, 6);
  }
}

test("errors and scores are netcal's, torchmetrics' and scikit-learn's, before and after scaling", () => {
  expectMeasured(predictions, golden.plain);
  const scale = new Array<number>(golden.classes).fill(golden.scaling.factor);
  const bias = scale.map(() => 0);
  expectMeasured({ ...predictions, logits: scaleLogits(predictions.logits, { scale, bias }) }, golden.scaled);
});

test("temperature and vector scaling are SciPy's and netcal's minima", () => {
  const { scale, bias } = fitScaling(predictions);
  expect(new Set(scale).size).toBe(1);
  expect(scale[0]).toBeCloseTo(golden.scaling.factor, 7);
  expect(scale[0]).toBeCloseTo(golden.scaling.netcalTemperature, 6);
  expect(bias).toEqual([0, 0, 0, 0, 0]);

  const vector = fitScaling(predictions, { method: 'vector' });
  const { loss } = measureCalibration({ ...predictions, logits: scaleLogits(predictions.logits, vector) });
  expect(loss).toBeLessThan(golden.scaling.vector.loss + 1e-12);
  vector.scale.forEach((value, c) => expect(value).toBeCloseTo(golden.scaling.vector.scale[c]!, 6));
  vector.bias.forEach((value, c) => expect(value).toBeCloseTo(golden.scaling.vector.bias[c]!, 6));
});

test('probabilities go in as their logarithms, also zero and one', () => {
  const [p, q] = [
    [0.25, 0.75],
    [1, 0],
  ];
  const { expectedError, brierScore, loss } = measureCalibration({
    logits: [p!, q!].map((row) => row.map(Math.log)),
    labels: [1, 0],
  });
  expect(expectedError).toBeCloseTo(0.125, 12);
  expect(brierScore).toBeCloseTo(0.0625, 12);
  expect(loss).toBeCloseTo(-Math.log(0.75) / 2, 12);
});

test('equal confidences share a bin of the adaptive error', () => {
  const logits = Array.from({ length: 8 }, () => [5, 0]);
  const { adaptiveBins } = measureCalibration({ logits, labels: [0, 1, 0, 1, 0, 0, 0, 0] }, { bins: 4 });
  expect(adaptiveBins.map(({ images }) => images)).toEqual([0, 0, 0, 8]);
  expect(adaptiveBins[3]!.accuracy).toBe(0.75);
});

test.each<[string, () => unknown, RegExp]>([
  [
    'labels of other length',
    () => measureCalibration({ logits: [[0, 1]], labels: [0, 1] }),
    /1 rows of logits and 2 labels/,
  ],
  [
    'a target out of range',
    () => measureCalibration({ logits: [[0, 1]], labels: [2] }),
    /label 0 is 2; give .* from 0 to 1/,
  ],
  ['a target of NaN', () => fitScaling({ logits: [[0, 1]], labels: [NaN] }), /label 0 is NaN/],
  [
    'logits of NaN',
    () => measureCalibration({ logits: [[0, NaN]], labels: [0] }),
    /row 0 of the logits gives no probabilities/,
  ],
  [
    'rows of other lengths',
    () => measureCalibration({ logits: [[0, 1], [0]], labels: [0, 0] }),
    /row 1 has 1 logits/,
  ],
  ['no rows', () => measureCalibration({ logits: [], labels: [] }), /an empty array/],
  ['one class', () => measureCalibration({ logits: [[1]], labels: [0] }), /has 1 values; give at least two/],
  ['no bins', () => measureCalibration({ logits: [[0, 1]], labels: [0] }, { bins: 0 }), /bins is 0/],
  [
    'a network that is always right',
    () =>
      fitScaling({
        logits: [
          [0, 1],
          [3, 0],
        ],
        labels: [1, 0],
      }),
    /right about all 2/,
  ],
  [
    'a network worse than guessing',
    () =>
      fitScaling({
        logits: [
          [0, 1],
          [2, 0],
        ],
        labels: [0, 1],
      }),
    /no larger than the others/,
  ],
  [
    'a class without example',
    () =>
      fitScaling(
        {
          logits: [
            [0, 1, 5],
            [0, 2, 1],
            [0, 1, 2],
          ],
          labels: [2, 1, 1],
        },
        { method: 'vector' },
      ),
    /class 0 has no example/,
  ],
  [
    'an infinite logit',
    () => fitScaling({ logits: [[0, -Infinity]], labels: [0] }),
    /row 0 has a logit that is not finite/,
  ],
  ['another method', () => fitScaling(predictions, { method: 'platt' as never }), /method is 'platt'/],
  [
    'a scaling of other classes',
    () => scaleLogits([[0, 1]], { scale: [1], bias: [0] }),
    /of 1 classes and the logits of 2/,
  ],
  ['no bins to draw', () => reliabilityDiagram([]), /an empty array/],
])('%s is an error that says so', (_, call, message) => {
  expect(call).toThrow(ArgumentError);
  expect(call).toThrow(message);
});

/** A network of a user, whose last layer is not called head. */
class Net extends Module<tf.Tensor2D, tf.Tensor2D> {
  readonly first = new Dense({ inFeatures: 4, units: 8, random: new Random(1) });
  readonly classifier = new Dense({ inFeatures: 8, units: 3, random: new Random(2) });

  override forward(x: tf.Tensor2D): tf.Tensor2D {
    return tf.tidy(() => this.classifier.forward(tf.relu(this.first.forward(x))));
  }
}

test('calibrate changes the head of any network, by batches of tensors', async () => {
  const net = new Net();
  const random = new Random(3);
  const batches = [0, 1].map(() => ({
    x: tf.tensor2d(random.uniformArray(80, -1, 1), [20, 4]),
    y: tf.tensor1d(
      Array.from({ length: 20 }, () => random.integer(3)),
      'int32',
    ),
  }));
  // Labels that the network is often right about.
  for (const batch of batches) {
    const right = tf.tidy(() => tf.argMax(net.forward(batch.x), 1).dataSync());
    const labels = Array.from(right, (c) => (random.uniform() < 0.6 ? c : random.integer(3)));
    batch.y.dispose();
    batch.y = tf.tensor1d(labels, 'int32');
  }
  const { numTensors } = tf.memory();
  const plain = await collectLogits(net, batches);
  const { temperature, scaling, before, after } = await calibrate(net, batches, { head: net.classifier });
  expect(temperature).toBeCloseTo(1 / scaling.scale[0]!, 12);
  expect(before.loss).toBeCloseTo(measureCalibration(plain).loss, 10);
  expect(after.loss).toBeLessThan(before.loss);
  expect(after.accuracy).toBe(before.accuracy);
  expect(measureCalibration(await collectLogits(net, batches)).loss).toBeCloseTo(after.loss, 5);
  // It is calibrated now.
  const again = await calibrate(net, batches, { head: net.classifier });
  expect(again.temperature).toBeCloseTo(1, 4);
  await expect(calibrate(net, batches)).rejects.toThrow('the head is undefined; give the dense layer');
  await expect(calibrate(net, batches, { head: net.first })).rejects.toThrow('the head gives 8 values');
  const other = new Dense({ inFeatures: 8, units: 3 });
  await expect(calibrate(net, batches, { head: other })).rejects.toThrow('no part of this network');
  await expect(
    calibrate(net, [{ x: batches[0]!.x, y: batches[0]!.x }], { head: net.classifier }),
  ).rejects.toThrow('The targets y are [20,4]; give the classes [20], or soft targets [20,3].');
  other.dispose();
  expect(tf.memory().numTensors).toBe(numTensors);
  tf.dispose(batches);
  net.dispose();
});

test('an image classifier keeps its calibration in its file, and classifies by it', async () => {
  const model = tinyModel();
  const data = tinyData(40);
  const { numTensors } = tf.memory();
  // A random network is seldom right: the classes of the data are those that it names, but for some.
  const { logits } = await collectLogits(model, data);
  const labels = Int32Array.from(
    logits,
    (row, i) => (i % 4 === 0 ? i : Array.from(row).indexOf(Math.max(...Array.from(row)))) % 3,
  );
  const known = { ...data, labels, image: (i: number) => data.image(i) };
  const { scaling, after } = await calibrate(model, known, { method: 'vector', batchSize: 16 });
  expect(new Set(scaling.scale).size).toBe(3);
  const evaluation = await evaluate(model, known);
  expect(evaluation.calibrationError).toBeCloseTo(after.expectedError, 4);
  expect(evaluation.loss).toBeCloseTo(after.loss, 5);

  const copy = tinyModel({ seed: 5 });
  await load(copy, await encode(model));
  const x = tf.randomUniform<tf.Rank.R4>([2, 8, 8, 3], 0, 1, 'float32', 1);
  const [ours, theirs] = [model.predict(x), copy.predict(x)];
  expect(await decodePredictions(theirs)).toEqual(await decodePredictions(ours));
  tf.dispose([x, ours, theirs]);
  copy.dispose();
  expect(tf.memory().numTensors).toBe(numTensors);

  const before = model.head!.weight.dataSync().slice();
  await expect(calibrate(model, tinyData(3), { bins: 3 } as never)).rejects.toThrow('no option bins');
  await expect(calibrate(model, { ...data, labels: new Int32Array(40).fill(3) } as never)).rejects.toThrow(
    ArgumentError,
  );
  expect(model.head!.weight.dataSync()).toEqual(before);
  expect(tf.memory().numTensors).toBe(numTensors);
  model.dispose();
});

test('the reliability diagram has a bar a bin, and escapes its title', () => {
  const { bins } = measureCalibration(predictions);
  const svg = reliabilityDiagram(bins, { title: '</text><script>alert("1")</script>&' });
  const filled = bins.filter(({ images }) => images > 0).length;
  expect(svg.match(/<rect class="gap"/g)).toHaveLength(filled);
  expect(svg).toContain('&lt;/text&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;');
  expect(svg).not.toContain('<script');
  expect(svg).not.toContain('NaN');
});
