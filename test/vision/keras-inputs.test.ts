import '#backends';
import * as tf from '@tensorflow/tfjs-core';
import { efficientNetConvention, resNetConventions } from '../../src/models/conventions.js';
import { decodePredictions } from '../../src/vision/decode-predictions.js';
import { imageNetLabels } from '../../src/models/labels/imagenet.js';
import { preprocessInput, type InputManner } from '../../src/vision/preprocess.js';
import { readGolden, relativeDistance, ruleValues } from '../helpers/golden.js';
import { ruleImage } from './golden-vision.js';

const golden = readGolden<{
  size: [number, number];
  inputs: Record<string, number[]>;
  decoded: { index: number; probability: number }[][];
}>('keras_inputs.json');

const image = ruleImage(...golden.size);
const shape = [image.height, image.width, 3] as const;

afterEach(() => {
  expect(tf.memory().numTensors).toBe(0);
});

/** The values of a tensor, which is freed. */
function valuesOf(tensor: tf.Tensor): Float32Array {
  const values = tensor.dataSync<'float32'>();
  tensor.dispose();
  return values;
}

describe('preprocessInput', () => {
  const ofKeras = resNetConventions.keras.preprocessing(224);
  const ofKerasEfficientNet = efficientNetConvention('keras', 1).preprocessing(224);

  test.each<[string, InputManner]>([
    ['caffe', 'caffe'],
    ['torch', 'torch'],
    ['tf', 'tf'],
    ['resnet', ofKeras],
    ['resnet50', { preprocessing: ofKeras }],
    ['within efficientnet', { preprocessing: ofKerasEfficientNet }],
  ])("%s: pictures and tensors have Keras's values", (name, manner) => {
    const expected = golden.inputs[name]!;
    const distance = (x: tf.Tensor) => relativeDistance(valuesOf(x), expected);
    const pictures = preprocessInput([image, image], manner);
    expect(pictures.shape).toEqual([2, ...shape]);
    const twice = [...expected, ...expected];
    expect(relativeDistance(valuesOf(pictures), twice)).toBeLessThan(1e-6);

    for (const dtype of ['int32', 'float32'] as const) {
      const one = tf.tensor3d([...image.data], [...shape], dtype);
      const batch = tf.expandDims<tf.Tensor4D>(one);
      const x = preprocessInput(one, manner);
      expect([x.shape, x.dtype]).toEqual([[...shape], 'float32']);
      expect(distance(x)).toBeLessThan(1e-6);
      const y = preprocessInput(batch, manner);
      expect(y.shape).toEqual([1, ...shape]);
      expect(distance(y)).toBeLessThan(1e-6);
      expect(Array.from(valuesOf(one))).toEqual(Array.from(image.data)); // It stays the caller's.
      batch.dispose();
    }
  });

  test("Keras's own of EfficientNets leaves pixels as they are: their layers do the rest", () => {
    expect(golden.inputs['efficientnet']).toEqual(Array.from(image.data));
  });

  test('what is not images of three channels and one size is refused', () => {
    const grey = tf.zeros<tf.Rank.R3>([4, 4, 1]);
    expect(() => preprocessInput(grey, 'torch')).toThrow('The images are of shape [4,4,1]; give');
    grey.dispose();
    expect(() => preprocessInput([image, ruleImage(4, 4)], 'torch')).toThrow(
      'An image is 4 x 4 pixels, and the first one 7 x 5; resize',
    );
    expect(() => preprocessInput([image], 'cafe' as 'caffe')).toThrow(
      "The manner of the input is 'cafe'; give one of 'torch', 'caffe', 'tf'.",
    );
  });

  test('no images are an empty batch', () => {
    const x = preprocessInput([], 'torch');
    expect(x.shape).toEqual([0, 0, 0, 3]);
    x.dispose();
  });
});

describe('decodePredictions', () => {
  const logits = () =>
    tf.tensor2d(
      Float32Array.from(ruleValues('logits', 2000), (v) => 10 * v),
      [2, 1000],
    );

  test("logits and their softmax have the classes and probabilities of Keras's decode_predictions", async () => {
    const x = logits();
    const probabilities = tf.softmax(x);
    const expected = golden.decoded.map((row) =>
      row.map(({ index, probability }) => ({
        label: imageNetLabels[index],
        index,
        probability: expect.closeTo(probability, 6),
      })),
    );
    const labels = imageNetLabels;
    expect(await decodePredictions(x, 4, { labels })).toEqual(expected);
    expect(await decodePredictions(probabilities, 4, { labels, probabilities: true })).toEqual(expected);
    expect((await decodePredictions(x, 1))[0]![0]!.label).toBe(`class ${golden.decoded[0]![0]!.index}`);
    expect((await decodePredictions(x)).map((row) => row.length)).toEqual([3, 3]);
    tf.dispose([x, probabilities]);
  });

  test('labels are those given, else numbers; equal classes come in order', async () => {
    const x = tf.tensor2d([[1, 2, 2]]);
    const labels = ['a', 'b', 'c'];
    const names = async (options?: object) =>
      (await decodePredictions(x, 3, options)).map((row) => row.map(({ label }) => label));
    expect(await names({ labels })).toEqual([['b', 'c', 'a']]);
    expect(await names()).toEqual([['class 1', 'class 2', 'class 0']]);
    x.dispose();
  });

  test('errors', async () => {
    const x = tf.tensor2d([[1, NaN, 2]]);
    await expect(decodePredictions(x, 4)).rejects.toThrow('top is 4, and the model has 3 classes');
    await expect(decodePredictions(x, 0)).rejects.toThrow('top is 0; give an integer of at least 1');
    await expect(decodePredictions(x, 1, { labels: ['a'] })).rejects.toThrow(
      '1 label for a model of 3 classes',
    );
    await expect(decodePredictions(x, 1)).rejects.toThrow('logits that are not finite');
    x.dispose();
  });
});
