/** How pixels between pixels are found; as Pillow does, antialiased where an image gets smaller. */
export type Interpolation = 'nearest' | 'bilinear' | 'bicubic';

/** How an image becomes a network's input: resize the short side, crop the centre, scale, normalise. */
export interface Preprocessing {
  /** Side of the square that the network sees, in pixels. */
  readonly size: number;
  /** Length that the image's short side is resized to before the centre crop, in pixels. */
  readonly resize: number;
  /** `'nearest'` takes one pixel of the image for each, without antialiasing. */
  readonly interpolation: Interpolation;
  /** The whole image becomes the square, its proportions lost; `resize` and the crop are left out. Default false. */
  readonly stretch?: boolean;
  /** Order of the channels in the input. */
  readonly channels: 'rgb' | 'bgr';
  /** Multiplies the values 0…255 first. */
  readonly scale: number;
  /** Subtracted after scaling, per channel in the order that `channels` gives. */
  readonly mean: readonly number[];
  /** Divides last, per channel in the order that `channels` gives. */
  readonly std: readonly number[];
}

/** How colours become a network's input. */
export type ColorPreprocessing = Pick<Preprocessing, 'channels' | 'scale' | 'mean' | 'std'>;

/**
 * The three manners of keras.applications' `preprocess_input`: `torch` is RGB / 255, normalised by ImageNet's statistics, as
 * torchvision, timm and EfficientNets take it; `caffe` is BGR less ImageNet's mean, not scaled, which Keras's ResNets
 * kept of the original ones; `tf` is RGB from -1 to 1.
 */
export const colorPreprocessing = {
  torch: { channels: 'rgb', scale: 1 / 255, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
  caffe: { channels: 'bgr', scale: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] },
  tf: { channels: 'rgb', scale: 1 / 127.5, mean: [1, 1, 1], std: [1, 1, 1] },
} as const satisfies Record<string, ColorPreprocessing>;
