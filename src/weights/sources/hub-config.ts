import type { ConventionName } from '../../models/conventions.js';
import type { ColorPreprocessing, Interpolation, Preprocessing } from '../../models/preprocessing.js';
import { ConfigFile } from './config-file.js';
import type { FetchOptions } from './fetch-source.js';
import {
  isColor,
  isCrop,
  isLabels,
  isRecord,
  isSide,
  isSpread,
  LARGEST_SIDE,
} from '../formats/json-values.js';
import { hasSiblings } from './sibling.js';

/** What the files next to a checkpoint say of its network. */
export interface HubConfig {
  /** Where the names of the checkpoint do not tell it. */
  readonly convention?: ConventionName;
  readonly preprocessing?: Partial<Preprocessing>;
  readonly labels?: readonly string[];
  /** timm's name of the network, such as `tf_efficientnet_b0`. */
  readonly architecture?: string;
  /** Of the head. */
  readonly classes?: number;
}

/** Of a config.json that may stand next to weights: timm's, transformers', Keras's, and other libraries'. */
const configKeys = [
  'architecture',
  'pretrained_cfg',
  'num_classes',
  'label_names',
  'input_size',
  'mean',
  'std',
  'crop_pct',
  'interpolation',
  'architectures',
  'model_type',
  'id2label',
  'num_labels',
  'transformers_version',
  'class_name',
  '_class_name',
  'model_cfg',
];

const processorKeys = [
  'do_resize',
  'do_rescale',
  'do_normalize',
  'do_center_crop',
  'size',
  'crop_pct',
  'resample',
  'image_mean',
  'image_std',
  'rescale_factor',
  'image_processor_type',
  'feature_extractor_type',
];

/**
 * Reads `config.json` next to a checkpoint, as timm and Hugging Face transformers write it, and the latter's
 * `preprocessor_config.json`. What is not there is left out.
 * @throws Error where a file is there or may be and cannot be read; where it has no key that is known, or a value that cannot
 * be, or tells of a network that cannot be built.
 */
export async function readHubConfig(source: string | URL, options?: FetchOptions): Promise<HubConfig> {
  if (!hasSiblings(source)) return {};
  const config = await ConfigFile.read(source, 'config.json', options);
  if (!config) return {};
  config.checkKnown(configKeys);
  const pretrained = timmValues(config);
  if (pretrained) return timmConfig(config, pretrained);
  if (config.values['downsample_in_bottleneck'] === true) {
    throw new Error(
      `${config.name} says downsample_in_bottleneck, the stride in a bottleneck's first ` +
        'convolution, which no network of that source has here.',
    );
  }
  const labels = labelsOf(config);
  const processor = await ConfigFile.read(source, 'preprocessor_config.json', options);
  processor?.checkKnown(processorKeys);
  const preprocessing = processor && huggingFacePreprocessing(processor);
  return { ...(labels && { labels }), ...(preprocessing && { preprocessing }) };
}

const SIDE = `a side of 1 to ${LARGEST_SIDE} pixels`;
const CROP = 'a number from 0.1 to 1';
const COLOR = 'three numbers, red, green and blue';
const SPREAD = 'three positive numbers, red, green and blue';
const LABELS = 'the names of the classes';
const CLASSES = 'the count of the classes';
const INTERPOLATIONS = ['nearest', 'bilinear', 'bicubic'] as const;

/** timm's defaults: IMAGENET_DEFAULT_MEAN, IMAGENET_DEFAULT_STD and DEFAULT_CROP_PCT. */
const timmDefaults = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225], crop: 0.875 };

/** Where timm's values are: in `pretrained_cfg`, or of its first versions next to the architecture. Undefined of another's file. */
function timmValues({ values }: ConfigFile): Readonly<Record<string, unknown>> | undefined {
  const { pretrained_cfg: pretrained, architecture, model_type: isOfOther } = values;
  if (isRecord(pretrained)) return pretrained;
  const isFlat =
    typeof architecture === 'string' || ['input_size', 'mean', 'std'].some((key) => key in values);
  return isFlat && isOfOther === undefined ? values : undefined;
}

function timmConfig(config: ConfigFile, pretrained: Readonly<Record<string, unknown>>): HubConfig {
  const architecture = config.get('architecture', isText, "timm's name of a network");
  const get = config.valueIn.bind(config, pretrained) as <T>(
    key: string,
    isPossible: (value: unknown) => value is T,
    expected: string,
  ) => T | undefined;
  get('num_classes', isClassCount, CLASSES);
  // That of pretrained_cfg may be of the network that was trained further.
  const classes = config.get('num_classes', isClassCount, CLASSES);
  get('crop_mode', isOneOf('center'), "'center', the one that is known here");
  const size = get('input_size', isSquare, `[channels, height, width] of a square with ${SIDE}`)?.[1];
  const crop = get('crop_pct', isCrop, CROP) ?? timmDefaults.crop;
  const interpolation = get(
    'interpolation',
    isOneOf(...INTERPOLATIONS),
    `one of ${INTERPOLATIONS.join(', ')}`,
  );
  const mean = get('mean', isColor, COLOR);
  const std = get('std', isSpread, SPREAD);
  const labels = config.get('label_names', isLabels, LABELS);
  return {
    ...(architecture !== undefined && {
      architecture,
      convention: architecture.startsWith('tf_') ? ('timm-tf' as const) : ('timm' as const),
    }),
    ...(classes && { classes }),
    preprocessing: {
      ...(size && { size, resize: resizeFor(size, crop, config) }),
      ...(interpolation && { interpolation }),
      ...((mean || std) && { ...rgb, mean: mean ?? timmDefaults.mean, std: std ?? timmDefaults.std }),
    },
    ...(labels && { labels }),
  };
}

/** What mean and std are of. */
const rgb = { channels: 'rgb', scale: 1 / 255 } as const;

/** The side that an image is resized to, of which so large a part is the square. */
function resizeFor(size: number, crop: number, config: ConfigFile): number {
  const resize = Math.floor(size / crop);
  if (isSide(resize)) return resize;
  throw config.impossible('crop_pct', crop, `a part of an image of which the whole has ${SIDE}`);
}

/** Pillow's numbers of the ways to resize. */
const pillowInterpolation: Record<number, Interpolation> = { 0: 'nearest', 2: 'bilinear', 3: 'bicubic' };

/** What `preprocessor_config.json` of transformers' ResNets and EfficientNets says; undefined where it does not say all. */
function huggingFacePreprocessing(config: ConfigFile): Partial<Preprocessing> | undefined {
  for (const step of ['do_resize', 'do_rescale', 'do_normalize'])
    config.get(step, isExactly(true), 'true, since no network is known here that goes without');
  config.get('do_center_crop', isExactly(false), 'false, as of all networks that are known here');
  const squares = huggingFaceSquares(config);
  const colors = huggingFaceColors(config);
  const resample = config.get(
    'resample',
    isOneOf(0, 2, 3),
    '0 (nearest), 2 (bilinear) or 3 (bicubic), the ones that are known here',
  );
  if (!squares || !colors || resample === undefined) return undefined;
  return { ...squares, interpolation: pillowInterpolation[resample]!, ...colors };
}

/**
 * ResNets have ConvNeXt's processor, which resizes the short side to size / crop_pct and crops where that size is less
 * than 384. From there on, and in EfficientNets, whose size has a height and a width, the square is the whole image.
 */
function huggingFaceSquares(
  config: ConfigFile,
): Pick<Preprocessing, 'size' | 'resize' | 'stretch'> | undefined {
  const crop = config.get('crop_pct', isCrop, CROP) ?? 224 / 256;
  const size = config.get('size', isSize, `a square: a height and a width, or a shortest_edge, of ${SIDE}`);
  if (size === undefined) return undefined;
  const { height, shortest_edge: short } = isRecord(size) ? size : { shortest_edge: size };
  if (isSide(height)) return { size: height, resize: height, stretch: true };
  const side = short as number;
  if (side >= 384) return { size: side, resize: side, stretch: true };
  return { size: side, resize: resizeFor(side, crop, config) };
}

/**
 * EfficientNets' processor may subtract 1 after scaling (`rescale_offset`), and with `include_top` divides by the standard
 * deviation a second time: the files of Google's networks have its square root.
 */
function huggingFaceColors(config: ConfigFile): ColorPreprocessing | undefined {
  const scale = config.get('rescale_factor', isScale, 'a positive number of at most 1') ?? 1 / 255;
  const mean = config.get('image_mean', isColor, COLOR);
  const std = config.get('image_std', isSpread, SPREAD);
  if (!mean || !std) return undefined;
  const offset = config.values['rescale_offset'] === true ? 1 : 0;
  return {
    channels: 'rgb',
    scale,
    mean: mean.map((x) => x + offset),
    std: config.values['include_top'] === true ? std.map((x) => x * x) : std,
  };
}

/** Hugging Face's names by number. */
function labelsOf(config: ConfigFile): readonly string[] | undefined {
  const names = config.get('id2label', isRecord, LABELS);
  if (!names) return undefined;
  const labels = Array.from({ length: Object.keys(names).length }, (_, i) => names[String(i)]);
  if (isLabels(labels)) return labels;
  throw config.impossible('id2label', names, 'a name for each number from 0 on');
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isClassCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2 ** 24;
}

function isSquare(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length === 3 && value.every(isSide) && value[1] === value[2];
}

function isSize(value: unknown): value is number | Record<string, unknown> {
  if (!isRecord(value)) return isSide(value);
  const { height, width, shortest_edge: short } = value;
  return height === undefined ? isSide(short) : isSide(height) && height === width;
}

function isScale(value: unknown): value is number {
  return typeof value === 'number' && value > 1e-6 && value <= 1;
}

function isExactly<T>(wanted: T): (value: unknown) => value is T {
  return (value): value is T => value === wanted;
}

function isOneOf<T>(...possible: readonly T[]): (value: unknown) => value is T {
  return (value): value is T => possible.includes(value as T);
}
