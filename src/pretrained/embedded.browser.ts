/**
 * The address of the weights that this package has in it, from the place of this file in `dist`; bundlers that know assets
 * take the file along for an expression of this form.
 */
export function embeddedWeights(): URL {
  return new URL('../../../weights/resnet20-cifar10.safetensors', import.meta.url);
}
