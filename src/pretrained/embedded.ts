import { decodeBase64 } from '../core/base64.js';
import { resnet20Cifar10 } from './resnet20-cifar10.js';

/** The file of the weights that this package has in it, safetensors. As a module, every bundler and page finds it. */
export function embeddedWeights(): Uint8Array {
  return decodeBase64(resnet20Cifar10);
}
