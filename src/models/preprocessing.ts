/** How an image becomes a network's input: resize the short side, crop the centre, scale, normalise. */
export interface Preprocessing {
  /** Side of the square that the network sees, in pixels. */
  readonly size: number;
  /** Length that the image's short side is resized to before the centre crop, in pixels. */
  readonly resize: number;
  readonly interpolation: 'bilinear' | 'bicubic';
  /** Order of the channels in the input. */
  readonly channels: 'rgb' | 'bgr';
  /** Multiplies the values 0…255 first. */
  readonly scale: number;
  /** Subtracted after scaling, per channel in the order that `channels` gives. */
  readonly mean: readonly number[];
  /** Divides last, per channel in the order that `channels` gives. */
  readonly std: readonly number[];
}
