import { nearestName } from '../../src/core/nearest-name.js';

const names = [
  'classes',
  'inputChannels',
  'size',
  'width',
  'seed',
  'learningRate',
  'batchSize',
  'weights',
  'topK',
];

test.each([
  ['numClasses', 'classes'],
  ['num_classes', 'classes'],
  ['class', 'classes'],
  ['nClasses', 'classes'],
  ['Classes', 'classes'],
  ['input_channels', 'inputChannels'],
  ['channels', 'inputChannels'],
  ['sede', 'seed'],
  ['wieghts', 'weights'],
  ['weight', 'weights'],
  ['pretrainedWeights', 'weights'],
  ['batch_size', 'batchSize'],
  ['batchsize', 'batchSize'],
  ['lr', 'learningRate'],
  ['imageSize', 'size'],
])('%s is near %s', (name, nearest) => {
  expect(nearestName(name, names)).toBe(nearest);
});

test.each(['xyz', 'callback', 'constructor', '', 'a'])("nothing is near '%s'", (name) => {
  expect(nearestName(name, names)).toBeUndefined();
});

test('of no names none is near', () => {
  expect(nearestName('size', [])).toBeUndefined();
});
