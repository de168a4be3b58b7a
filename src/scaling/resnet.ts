import {
  check,
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkOptions,
  shown,
  type OptionNames,
} from '../core/errors.js';
import { roundToEights } from './compound.js';

/** What one published network is; its second and later stages have twice the channels of the one before. */
interface PublishedResNet {
  readonly kind: 'basic' | 'bottleneck';
  /** Blocks of each stage. */
  readonly blocks: readonly number[];
  /** Of the 3x3 convolutions of the first stage. */
  readonly channels: number;
  /** Of the first stage's output. */
  readonly outChannels: number;
  readonly stem: ResNetStem;
  readonly stemChannels: number;
  readonly shortcut: ResNetShortcut;
  /** Of the 3x3 convolutions. */
  readonly groups: number;
  /** Channels that squeeze-excitation squeezes to, by those of the block's output; 0 is without. */
  readonly squeezeRatio: number;
  readonly classes: number;
  readonly size: number;
}

/** Networks for ImageNet of basic blocks, and of bottlenecks (He et al. 2015, arXiv 1512.03385, table 1). */
const basic = {
  kind: 'basic',
  channels: 64,
  outChannels: 64,
  stem: 'imagenet',
  stemChannels: 64,
  shortcut: 'projection',
  groups: 1,
  squeezeRatio: 0,
  classes: 1000,
  size: 224,
} as const;
const bottleneck = { ...basic, kind: 'bottleneck', outChannels: 256 } as const;

/** Networks for CIFAR, of 6n + 2 layers (section 4.2). */
const cifar = {
  ...basic,
  channels: 16,
  outChannels: 16,
  stem: 'cifar',
  stemChannels: 16,
  shortcut: 'pad',
  classes: 10,
  size: 32,
} as const;

/** ResNet-D (He et al. 2018, arXiv 1812.01187, section 4), squeeze-excitation, and both (Bello et al. 2021, arXiv 2103.07579). */
const d = { stem: 'deep', shortcut: 'average' } as const;
const se = { squeezeRatio: 1 / 16 };
const rs = { ...bottleneck, ...d, stem: 'deep-strided', squeezeRatio: 1 / 4 } as const;

/**
 * ResNeXt (Xie et al. 2016, arXiv 1611.05431), wide ResNets (Zagoruyko and Komodakis 2016, arXiv 1605.07146) and the others, by
 * torchvision's and timm's names.
 */
const published = {
  resnet18: { ...basic, blocks: [2, 2, 2, 2] },
  resnet34: { ...basic, blocks: [3, 4, 6, 3] },
  resnet50: { ...bottleneck, blocks: [3, 4, 6, 3] },
  resnet101: { ...bottleneck, blocks: [3, 4, 23, 3] },
  resnet152: { ...bottleneck, blocks: [3, 8, 36, 3] },
  resnet20: { ...cifar, blocks: [3, 3, 3] },
  resnet32: { ...cifar, blocks: [5, 5, 5] },
  resnet44: { ...cifar, blocks: [7, 7, 7] },
  resnet56: { ...cifar, blocks: [9, 9, 9] },
  resnet110: { ...cifar, blocks: [18, 18, 18] },
  resnext50_32x4d: { ...bottleneck, blocks: [3, 4, 6, 3], channels: 128, groups: 32 },
  resnext101_32x4d: { ...bottleneck, blocks: [3, 4, 23, 3], channels: 128, groups: 32 },
  resnext101_32x8d: { ...bottleneck, blocks: [3, 4, 23, 3], channels: 256, groups: 32 },
  resnext101_64x4d: { ...bottleneck, blocks: [3, 4, 23, 3], channels: 256, groups: 64 },
  wide_resnet50_2: { ...bottleneck, blocks: [3, 4, 6, 3], channels: 128 },
  wide_resnet101_2: { ...bottleneck, blocks: [3, 4, 23, 3], channels: 128 },
  resnet18d: { ...basic, ...d, blocks: [2, 2, 2, 2] },
  resnet26d: { ...bottleneck, ...d, blocks: [2, 2, 2, 2] },
  resnet34d: { ...basic, ...d, blocks: [3, 4, 6, 3] },
  resnet50d: { ...bottleneck, ...d, blocks: [3, 4, 6, 3] },
  resnet101d: { ...bottleneck, ...d, blocks: [3, 4, 23, 3] },
  resnet152d: { ...bottleneck, ...d, blocks: [3, 8, 36, 3] },
  resnet200d: { ...bottleneck, ...d, blocks: [3, 24, 36, 3] },
  seresnet18: { ...basic, ...se, blocks: [2, 2, 2, 2] },
  seresnet34: { ...basic, ...se, blocks: [3, 4, 6, 3] },
  seresnet50: { ...bottleneck, ...se, blocks: [3, 4, 6, 3] },
  seresnet101: { ...bottleneck, ...se, blocks: [3, 4, 23, 3] },
  seresnet152: { ...bottleneck, ...se, blocks: [3, 8, 36, 3] },
  seresnext26d_32x4d: { ...bottleneck, ...d, ...se, blocks: [2, 2, 2, 2], channels: 128, groups: 32 },
  seresnext50_32x4d: { ...bottleneck, ...se, blocks: [3, 4, 6, 3], channels: 128, groups: 32 },
  seresnext101_32x4d: { ...bottleneck, ...se, blocks: [3, 4, 23, 3], channels: 128, groups: 32 },
  seresnext101_32x8d: { ...bottleneck, ...se, blocks: [3, 4, 23, 3], channels: 256, groups: 32 },
  resnetrs50: { ...rs, blocks: [3, 4, 6, 3] },
  resnetrs101: { ...rs, blocks: [3, 4, 23, 3], size: 288 },
  resnetrs152: { ...rs, blocks: [3, 8, 36, 3], size: 320 },
  resnetrs200: { ...rs, blocks: [3, 24, 36, 3], size: 320 },
  resnetrs270: { ...rs, blocks: [4, 29, 53, 4], size: 352 },
  resnetrs350: { ...rs, blocks: [4, 36, 72, 4], size: 384 },
  resnetrs420: { ...rs, blocks: [4, 44, 87, 4], size: 416 },
} as const satisfies Record<string, PublishedResNet>;

/** The name of a published ResNet. */
export type ResNetName = keyof typeof published;

/** Every {@link ResNetName}. */
export const resNetNames = Object.keys(published) as readonly ResNetName[];

/** The depth of a network of He et al. 2015: five for ImageNet, five for CIFAR. */
export type ResNetDepth = ResNetName extends infer Name
  ? Name extends `resnet${infer Depth extends number}`
    ? Depth
    : never
  : never;

/** Every {@link ResNetDepth}. */
export const resNetDepths = resNetNames
  .flatMap((name) => /^resnet(\d+)$/.exec(name)?.[1] ?? [])
  .map(Number)
  .sort((a, b) => a - b) as readonly ResNetDepth[];

/** The kinds of residual blocks. */
export const resNetKinds = ['basic', 'bottleneck'] as const;

/**
 * What comes before the stages. `'imagenet'`: 7x7 of stride 2, then max pooling of stride 2; `'cifar'`: 3x3 of stride 1, for
 * small images; `'deep'`: three 3x3, the first of stride 2, then max pooling of stride 2; `'deep-strided'`: four 3x3, the
 * first and the last of stride 2.
 */
export type ResNetStem = (typeof resNetStems)[number];

/** Every {@link ResNetStem}. */
export const resNetStems = ['imagenet', 'cifar', 'deep', 'deep-strided'] as const;

/** The shortcut of blocks that change the shape; see `ResidualBlockOptions`. */
export type ResNetShortcut = (typeof resNetShortcuts)[number];

/** Every {@link ResNetShortcut}. */
export const resNetShortcuts = ['projection', 'average', 'pad', 'none'] as const;

/** One stage of residual blocks. */
export interface ResNetStage {
  readonly blocks: number;
  /** Of the 3x3 convolutions. */
  readonly channels: number;
  readonly outChannels: number;
  /** Channels that squeeze-excitation squeezes to; 0 is without. */
  readonly squeezeChannels: number;
}

/** All sizes of one ResNet; {@link resNetArchitecture} makes it. */
export interface ResNetArchitecture {
  readonly family: 'resnet';
  /** Such as `resnet56`; without shortcuts `plain56`. */
  readonly name: string;
  readonly kind: (typeof resNetKinds)[number];
  /** Every stage but the first halves the image. */
  readonly stages: readonly ResNetStage[];
  readonly stem: ResNetStem;
  readonly stemChannels: number;
  readonly shortcut: ResNetShortcut;
  /** Of the 3x3 convolutions. */
  readonly groups: number;
  readonly size: number;
  readonly inputChannels: number;
  /** Undefined without a head. */
  readonly classes: number | undefined;
}

/** Options of {@link resNetArchitecture}. */
export interface ResNetArchitectureOptions {
  /** Default 1000; of the CIFAR networks 10. */
  readonly classes?: number;
  /** Default 3. */
  readonly inputChannels?: number;
  /** Side of the images that the model is meant for, in pixels; any size works. Default 224; of the CIFAR networks 32. */
  readonly size?: number;
  /** Multiplies the channels of every convolution. Default 1. */
  readonly width?: number;
  /** What comes before the stages. Default what the network was published with. */
  readonly stem?: ResNetStem;
  /**
   * Of the blocks whose shape changes; see ResidualBlock. `'none'` takes the shortcuts from all blocks: the plain network of
   * the paper's sections 4.1 and 4.2, for comparison. Default what the network was published with.
   */
  readonly shortcut?: ResNetShortcut;
  /** Whether the model ends with the dense head; otherwise with the pooled features. Default true. */
  readonly includeTop?: boolean;
}

/** Every option of {@link resNetArchitecture}. */
export const resNetArchitectureOptionNames: OptionNames<ResNetArchitectureOptions> = {
  classes: true,
  inputChannels: true,
  size: true,
  width: true,
  stem: true,
  shortcut: true,
  includeTop: true,
};

/**
 * The sizes of a published ResNet.
 * @param network - Its depth, such as 50, or its name.
 * @throws ArgumentError where there is no such network or an option is out of range.
 */
export function resNetArchitecture(
  network: ResNetDepth | ResNetName,
  options: ResNetArchitectureOptions = {},
): ResNetArchitecture {
  checkOneOf('The ResNet', network, [...resNetDepths, ...resNetNames]);
  checkOptions('resNetArchitecture', options, resNetArchitectureOptionNames);
  const name = typeof network === 'number' ? (`resnet${network}` as const) : network;
  const { kind, blocks, groups, squeezeRatio, ...row }: PublishedResNet = published[name];
  const { classes = row.classes, inputChannels = 3, size = row.size, width = 1, includeTop = true } = options;
  const { stem = row.stem, shortcut = row.shortcut } = options;
  checkInteger('classes', classes, 1);
  checkInteger('inputChannels', inputChannels, 1);
  checkInteger('size', size, 1);
  check(
    Number.isFinite(width) && width > 0,
    () => `width is ${shown(width)}; give a positive number, such as 0.5.`,
  );
  checkBoolean('includeTop', includeTop);
  checkOneOf('stem', stem, resNetStems);
  checkOneOf('shortcut', shortcut, resNetShortcuts);
  // Every group has as many channels.
  const channels = groups * Math.max(1, Math.round((row.channels * width) / groups));
  return {
    family: 'resnet',
    name: shortcut === 'none' ? name.replace(/resnex?t/, 'plain') : name,
    kind,
    stages: blocks.map((blocks, i) => {
      const outChannels = ((channels * row.outChannels) / row.channels) * 2 ** i;
      const squeezeChannels = squeezeRatio && roundToEights(outChannels * squeezeRatio);
      return { blocks, channels: channels * 2 ** i, outChannels, squeezeChannels };
    }),
    stem,
    stemChannels: Math.max(1, Math.round(row.stemChannels * width)),
    shortcut,
    groups,
    size,
    inputChannels,
    classes: includeTop ? classes : undefined,
  };
}
