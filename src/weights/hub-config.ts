import type { ConventionName } from '../models/conventions.js';
import type { ColorPreprocessing, Preprocessing } from '../models/preprocessing.js';
import { fetchSource, type FetchOptions } from './fetch-source.js';
import { isColor, isRecord } from './json-values.js';
import { sibling } from './sibling.js';

/** What the files beside a checkpoint say of its network. */
export interface HubConfig {
  /** Where the names of the checkpoint do not tell it. */
  readonly convention?: ConventionName;
  readonly preprocessing?: Partial<Preprocessing>;
  readonly labels?: readonly string[];
}

/**
 * Reads `config.json` beside a checkpoint, as timm and Hugging Face transformers write it, and the latter's
 * `preprocessor_config.json`. What is not there or not understood is left out.
 * @throws Error where it tells of a network that cannot be built.
 */
export async function readHubConfig(source: string | URL, options?: FetchOptions): Promise<HubConfig> {
  const config = await readJson(source, 'config.json', options);
  if (!config) return {};
  if (isRecord(config['pretrained_cfg']) && typeof config['architecture'] === 'string') {
    return timmConfig(config['architecture'], config, config['pretrained_cfg']);
  }
  if (config['downsample_in_bottleneck'] === true) {
    throw new Error(
      `The config.json beside ${String(source)} says downsample_in_bottleneck, the stride in a bottleneck's first ` +
        'convolution, which no network of that source has here.',
    );
  }
  const labels = labelsOf(config['id2label']);
  const preprocessing = huggingFacePreprocessing(
    (await readJson(source, 'preprocessor_config.json', options)) ?? {},
  );
  return { ...(labels && { labels }), ...(preprocessing && { preprocessing }) };
}

/** Undefined where the file is not there or not understood. */
async function readJson(
  source: string | URL,
  name: string,
  options?: FetchOptions,
): Promise<Record<string, unknown> | undefined> {
  try {
    const value: unknown = JSON.parse(
      new TextDecoder().decode(await fetchSource(sibling(source, name), options)),
    );
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function timmConfig(
  architecture: string,
  { label_names: labels }: Record<string, unknown>,
  pretrained: Record<string, unknown>,
): HubConfig {
  const convention = architecture.startsWith('tf_') ? 'timm-tf' : 'timm';
  const { input_size: inputSize, crop_pct: crop, interpolation, mean, std } = pretrained;
  const size = Array.isArray(inputSize) ? (inputSize[1] as unknown) : undefined;
  return {
    convention,
    preprocessing: {
      ...(isPositive(size) && isPositive(crop) && { size, resize: Math.floor(size / crop) }),
      ...((interpolation === 'bicubic' || interpolation === 'bilinear') && { interpolation }),
      ...(isColor(mean) && isColor(std) && { ...rgb, mean, std }),
    },
    ...(isLabels(labels) && { labels }),
  };
}

/** What mean and std are of. */
const rgb = { channels: 'rgb', scale: 1 / 255 } as const;

/** Pillow's numbers of the ways to resize. */
const pillowInterpolation: Record<number, Preprocessing['interpolation']> = {
  0: 'nearest',
  2: 'bilinear',
  3: 'bicubic',
};

/** What `preprocessor_config.json` of transformers' ResNets and EfficientNets says; undefined where not all is understood. */
function huggingFacePreprocessing(config: Record<string, unknown>): Partial<Preprocessing> | undefined {
  const squares = huggingFaceSquares(config);
  const colors = huggingFaceColors(config);
  const interpolation = pillowInterpolation[Number(config['resample'])];
  return squares && colors && interpolation && { ...squares, interpolation, ...colors };
}

/**
 * ResNets have ConvNeXt's processor, which resizes the short side to size / crop_pct and crops where that size is less
 * than 384. From there on, and in EfficientNets, whose size has a height and a width, the square is the whole image.
 */
function huggingFaceSquares(
  config: Record<string, unknown>,
): Pick<Preprocessing, 'size' | 'resize' | 'stretch'> | undefined {
  const { size, crop_pct: crop = 224 / 256 } = config;
  if (config['do_resize'] === false || config['do_center_crop'] === true) return undefined;
  const { height, width, shortest_edge: short } = isRecord(size) ? size : { shortest_edge: size };
  if (isPositive(height))
    return height === width ? { size: height, resize: height, stretch: true } : undefined;
  if (!isPositive(short)) return undefined;
  if (short >= 384) return { size: short, resize: short, stretch: true };
  return isPositive(crop) ? { size: short, resize: Math.floor(short / crop) } : undefined;
}

/**
 * EfficientNets' processor may subtract 1 after scaling (`rescale_offset`), and with `include_top` divides by the standard
 * deviation a second time: the files of Google's networks have its square root.
 */
function huggingFaceColors(config: Record<string, unknown>): ColorPreprocessing | undefined {
  const { rescale_factor: scale = 1 / 255, image_mean: mean, image_std: std } = config;
  const known = isPositive(scale) && isColor(mean) && isColor(std);
  if (!known || config['do_rescale'] === false || config['do_normalize'] === false) return undefined;
  const offset = config['rescale_offset'] === true ? 1 : 0;
  return {
    channels: 'rgb',
    scale,
    mean: mean.map((x) => x + offset),
    std: config['include_top'] === true ? std.map((x) => x * x) : std,
  };
}

/** Hugging Face's names by number, where there is one for every number from 0 on. */
function labelsOf(names: unknown): readonly string[] | undefined {
  if (!isRecord(names)) return undefined;
  const labels = Array.from({ length: Object.keys(names).length }, (_, i) => names[String(i)]);
  return isLabels(labels) ? labels : undefined;
}

function isLabels(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((label) => typeof label === 'string');
}

function isPositive(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0;
}
