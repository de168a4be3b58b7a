import type { EfficientNetArchitecture, ResNetArchitecture } from '../../models/build-model.js';
import { isInTorchvision } from '../../models/conventions.js';
import { torchLayout } from './layout.js';
import { rename, type NameMap, type Renaming } from './name-map.js';

/** torchvision's names of a ResNet's layers, and timm's. */
export function resNetNames({ stem, shortcut }: ResNetArchitecture): (path: string) => string {
  // An averaging shortcut's pooling is the first of its layers; a deep stem's last norm has the name of the only one.
  const [conv, norm] = shortcut === 'average' ? [1, 2] : [0, 1];
  return rename([
    ...(stem === 'deep-strided' ? stridedStem : stem === 'deep' ? deepStem : []),
    [/^stem\.conv/, 'conv1'],
    [/^stem\.norm/, 'bn1'],
    [/^stages\.(\d+)/, (_, stage) => `layer${Number(stage) + 1}`],
    [/\.conv(\d)\.conv/, '.conv$1'],
    [/\.conv(\d)\.norm/, '.bn$1'],
    [/\.squeezeExcite\.reduce/, '.se.fc1'],
    [/\.squeezeExcite\.expand/, '.se.fc2'],
    [/\.shortcut\.conv/, `.downsample.${conv}`],
    [/\.shortcut\.norm/, `.downsample.${norm}`],
    [/^head/, 'fc'],
  ]);
}

const firstOfStem: readonly Renaming[] = [
  [/^stem\.first\.layers\.([01])\.conv/, (_, i) => `conv1.${3 * Number(i)}`],
  [/^stem\.first\.layers\.([01])\.norm/, (_, i) => `conv1.${3 * Number(i) + 1}`],
];
const deepStem: readonly Renaming[] = [...firstOfStem, [/^stem\.conv/, 'conv1.6']];
const stridedStem: readonly Renaming[] = [
  ...firstOfStem,
  [/^stem\.first\.layers\.2\.conv/, 'conv1.6'],
  [/^stem\.first\.layers\.2\.norm/, 'bn1'],
  [/^stem\.conv/, 'maxpool.0'],
  [/^stem\.norm/, 'maxpool.1'],
];

/**
 * A block's parts are numbered: expand (where there is one), depthwise, squeeze-excite (where there is one), project.
 */
function efficientNetNames({ stages, squeezeRatio }: EfficientNetArchitecture): (path: string) => string {
  const position = (stage: string, part: string) => {
    const { expandRatio, fused } = stages[Number(stage)]!;
    const expand = expandRatio !== 1 ? ['expand'] : [];
    const squeezeExcite = squeezeRatio > 0 ? ['squeezeExcite'] : [];
    const parts = fused ? [] : ['depthwise', ...squeezeExcite];
    return [...expand, ...parts, 'project'].indexOf(part);
  };
  return rename([
    [/^stem/, 'features.0'],
    [/^lastConv/, `features.${stages.length + 1}`],
    [/^head/, 'classifier.1'],
    [
      /^stages\.(\d+)\.(\d+)\.(\w+)/,
      (_, stage, block, part) => `features.${Number(stage) + 1}.${block}.block.${position(stage!, part!)}`,
    ],
    [/\.reduce$/, '.fc1'],
    [/\.expand$/, '.fc2'],
    [/\.conv$/, '.0'],
    [/\.norm$/, '.1'],
  ]);
}

/** The names of torchvision.models (and of timm's ResNets, which are the same). */
export const torchvision: NameMap = {
  source: 'torchvision',
  conventions: (architecture) => {
    if (architecture.family === 'resnet') return isInTorchvision(architecture) ? ['torchvision', 'timm'] : [];
    return architecture.variant === 'v2-b' ? [] : ['torchvision'];
  },
  layout: torchLayout,
  layerNames: (architecture) =>
    architecture.family === 'efficientnet' ? efficientNetNames(architecture) : resNetNames(architecture),
};

/** The names of akamaster's pytorch_resnet_cifar10: torchvision's but for the head. */
export const cifarResNet: NameMap = {
  source: 'pytorch_resnet_cifar10',
  conventions: (architecture) =>
    architecture.family === 'resnet' && isInTorchvision(architecture) ? ['torchvision', 'timm'] : [],
  layout: torchLayout,
  layerNames: (architecture) => (path) =>
    path === 'head' ? 'linear' : torchvision.layerNames(architecture)(path),
};
