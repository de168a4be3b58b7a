import { ArgumentError, checkInteger } from '../core/errors.js';

/**
 * Pixels added around an image: `'valid'` none; `'same'` TensorFlow's, for an output of ceil(input / stride);
 * `'symmetric'` PyTorch's usual `(kernel >> 1) * dilation` on every side, which for an odd kernel gives that size too.
 */
type NamedPadding = 'valid' | 'same' | 'symmetric';
type BeforeAfter = readonly [number, number];

/**
 * Pixels of one dimension that a window of `kernelSize` pixels, `dilation` apart, gives when it moves by `stride`.
 * @throws ArgumentError where the window is larger than the padded image, or an argument is not a whole number.
 */
export function outputSize(
  input: number,
  kernelSize: number,
  stride = 1,
  padding: NamedPadding | number | BeforeAfter = 'same',
  dilation = 1,
): number {
  for (const [name, value] of Object.entries({ input, kernelSize, stride, dilation }))
    checkInteger(name, value, 1);
  if (padding === 'same') return Math.ceil(input / stride);
  const padded = input + addedPixels(padding, kernelSize, dilation);
  const window = (kernelSize - 1) * dilation + 1;
  if (!(padded >= window)) {
    throw new ArgumentError(
      `A window of ${window} pixels does not fit an image of ${input} with padding ${JSON.stringify(padding)}; ` +
        'give larger images or more padding.',
    );
  }
  return Math.floor((padded - window) / stride) + 1;
}

/** Pixels added on both sides together. */
function addedPixels(
  padding: Exclude<NamedPadding, 'same'> | number | BeforeAfter,
  kernelSize: number,
  dilation: number,
): number {
  if (padding === 'valid') return 0;
  if (padding === 'symmetric') return 2 * (kernelSize >> 1) * dilation;
  const [before, after] = typeof padding === 'number' ? [padding, padding] : padding;
  if (![before, after].every((pixels) => Number.isInteger(pixels) && pixels >= 0)) {
    throw new ArgumentError(
      `padding is ${JSON.stringify(padding)}; give 'valid', 'same', 'symmetric' or whole numbers of pixels.`,
    );
  }
  return before + after;
}
