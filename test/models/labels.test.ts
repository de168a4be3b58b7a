import { cifar10Labels } from '../../src/models/labels/cifar10.js';
import { imageNetLabels, imageNetWordNetIds } from '../../src/models/labels/imagenet.js';

test('ImageNet has 1000 classes with a name and a WordNet id each', () => {
  expect(imageNetLabels).toHaveLength(1000);
  expect(imageNetLabels.every((name) => name === name.trim() && name !== '')).toBe(true);
  expect(imageNetWordNetIds).toHaveLength(1000);
  expect(imageNetWordNetIds.every((id) => /^n\d{8}$/.test(id))).toBe(true);
  expect(new Set(imageNetWordNetIds).size).toBe(1000);
  // ImageNet numbers its classes in the order of their ids.
  expect([...imageNetWordNetIds].sort()).toEqual(imageNetWordNetIds);
});

test.each([
  [0, 'tench', 'n01440764'],
  [1, 'goldfish', 'n01443537'],
  [207, 'golden retriever', 'n02099601'],
  [281, 'tabby', 'n02123045'],
  [285, 'Egyptian cat', 'n02124075'],
  [504, 'coffee mug', 'n03063599'],
  [657, 'missile', 'n03773504'],
  [920, 'traffic light', 'n06874185'],
  [967, 'espresso', 'n07920052'],
  [985, 'daisy', 'n11939491'],
  [999, 'toilet tissue', 'n15075141'],
])('ImageNet class %d is %s', (index, name, id) => {
  expect(imageNetLabels[index]).toBe(name);
  expect(imageNetWordNetIds[index]).toBe(id);
});

test('CIFAR-10 has its ten classes', () => {
  expect(cifar10Labels).toHaveLength(10);
  expect(new Set(cifar10Labels).size).toBe(10);
  expect(cifar10Labels[3]).toBe('cat');
  expect(cifar10Labels[9]).toBe('truck');
});
