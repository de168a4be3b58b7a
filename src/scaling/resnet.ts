import {
  check,
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkOptions,
  shown,
  type OptionNames,
} from '../core/errors.js';

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

/**
 * What comes before the stages. `'imagenet'`: 7x7 of stride 2, then max pooling of stride 2; `'cifar'`: 3x3 of stride 1, for
 * small images.
 */
export type ResNetStem = 'imagenet' | 'cifar';

/** The shortcut of blocks that change the shape; see `ResidualBlockOptions`. */
export type ResNetShortcut = 'projection' | 'pad' | 'none';

/** One stage of residual blocks. */
export interface ResNetStage {
  readonly blocks: number;
  /** Of the 3x3 convolutions. */
  readonly channels: number;
  readonly outChannels: number;
}

/** All sizes of one ResNet; {@link resNetArchitecture} makes it. */
export interface ResNetArchitecture {
  readonly family: 'resnet';
  /** Such as `resnet56`; without shortcuts `plain56`. */
  readonly name: string;
  readonly kind: 'basic' | 'bottleneck';
  /** Every stage but the first halves the image. */
  readonly stages: readonly ResNetStage[];
  readonly stem: ResNetStem;
  readonly stemChannels: number;
  readonly shortcut: ResNetShortcut;
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
  /**
   * `'imagenet'`: 7x7 of stride 2, then max pooling of stride 2; `'cifar'`: 3x3 of stride 1, for small images.
   * Default what the network was published with.
   */
  readonly stem?: ResNetStem;
  /**
   * Of the blocks whose shape changes; see ResidualBlock. `'none'` takes the shortcuts from all blocks: the plain network of
   * the paper's sections 4.1 and 4.2, for comparison. Default what the network was published with: `'projection'`, of the CIFAR
   * networks `'pad'`.
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
  const { kind, blocks, ...row }: PublishedResNet = published[name];
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
  checkOneOf('stem', stem, ['imagenet', 'cifar']);
  checkOneOf('shortcut', shortcut, ['projection', 'pad', 'none']);
  const channels = Math.max(1, Math.round(row.channels * width));
  return {
    family: 'resnet',
    name: shortcut === 'none' ? name.replace('resnet', 'plain') : name,
    kind,
    stages: blocks.map((blocks, stage) => ({
      blocks,
      channels: channels * 2 ** stage,
      outChannels: ((channels * row.outChannels) / row.channels) * 2 ** stage,
    })),
    stem,
    stemChannels: Math.max(1, Math.round(row.stemChannels * width)),
    shortcut,
    size,
    inputChannels,
    classes: includeTop ? classes : undefined,
  };
}
