import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** The address of the weights that this package has in it. */
export function embeddedWeights(): URL {
  const { resolve } = createRequire(import.meta.url);
  return pathToFileURL(resolve('skipscale/weights/resnet20-cifar10.safetensors'));
}
