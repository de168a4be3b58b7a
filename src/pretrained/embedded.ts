import { decodeBase64 } from '../core/base64.js';

/** What the table of weights calls their source. */
export const EMBEDDED = 'skipscale/resnet20-cifar10';

/**
 * The file of the weights that this package has in it, safetensors. As a module, which is loaded when asked for, every bundler
 * and page finds it.
 */
export async function embeddedWeights(): Promise<Uint8Array> {
  const { resnet20Cifar10 } = await import('./resnet20-cifar10.js');
  return decodeBase64(resnet20Cifar10);
}
