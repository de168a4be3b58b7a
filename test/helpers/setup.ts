import { TensorBuffer } from '@tensorflow/tfjs-core';
import '#backends';
import '../../src/backends/gradients.js';

// The servers of tests are on this machine.
for (const name of ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'])
  Reflect.deleteProperty(process.env, name);

// What tfjs's cpu backend calls for each value of a convolution's gradient. Its code is ES5, with an iterator for each call,
// which is most of such a test's time.
TensorBuffer.prototype.get = function (...places) {
  let index = places.at(-1) ?? 0;
  for (let i = 0; i < places.length - 1; i++) index += this.strides[i]! * places[i]!;
  return this.values[index] as never;
};
