import { buildEfficientNet } from '../../src/models/efficientnet.js';
import { buildResNet } from '../../src/models/resnet.js';

test("timm's ResNets start every block as the identity, unless another is given", () => {
  for (const [options, expected] of [
    [{ convention: 'timm' }, 0],
    [{ convention: 'timm', zeroInitResidual: false }, 1],
    [{ convention: 'torchvision' }, 1],
  ] as const) {
    const model = buildResNet(20, options);
    expect(model.stages[0]![0]!.conv2.norm.weight.dataSync()[0]).toBe(expected);
    model.dispose();
  }
});

test('there is no ResNet that timm ported from TensorFlow', () => {
  expect(() => buildResNet(20, { convention: 'timm-tf' as 'timm' })).toThrow(
    "convention is 'timm-tf'; give one of 'torchvision', 'timm', 'keras'.",
  );
});

// Of timm's create_model(…).default_cfg: input_size and floor(input_size / crop_pct).
test.each([
  [0, 224, 256],
  [1, 240, 272],
  [2, 260, 292],
  [3, 300, 331],
  [4, 380, 412],
  [5, 456, 488],
  [6, 528, 560],
  [7, 600, 632],
])('tf_efficientnet_b%d: %d pixels are cropped of %d, by bicubic', (scale, size, resize) => {
  const model = buildEfficientNet(scale, { convention: 'timm-tf', initialize: false });
  expect(model.preprocessing).toMatchObject({ size, resize, interpolation: 'bicubic' });
  const { epsilon, momentum } = model.stem.norm;
  expect([epsilon, momentum]).toEqual([1e-3, 0.9]);
  model.dispose();
});

test("timm's EfficientNets of its own have PyTorch's epsilon at every size", () => {
  const model = buildEfficientNet(5, { convention: 'timm', initialize: false });
  expect(model.stem.norm.epsilon).toBe(1e-5);
  model.dispose();
});

test('timm gives Lite an input of -1 to 1', () => {
  const model = buildEfficientNet(0, { convention: 'timm-tf', variant: 'lite', initialize: false });
  expect(model.preprocessing).toMatchObject({ scale: 1 / 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] });
  model.dispose();
});
