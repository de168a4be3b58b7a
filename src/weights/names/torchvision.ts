import type { EfficientNetArchitecture } from '../../models/build-model.js';
import { torchLayout } from './layout.js';
import { rename, type NameMap } from './name-map.js';

/** torchvision's names of a ResNet's layers, and timm's. */
export const resNetNames = rename([
  [/^stem\.conv/, 'conv1'],
  [/^stem\.norm/, 'bn1'],
  [/^stages\.(\d+)/, (_, stage) => `layer${Number(stage) + 1}`],
  [/\.conv(\d)\.conv/, '.conv$1'],
  [/\.conv(\d)\.norm/, '.bn$1'],
  [/\.shortcut\.conv/, '.downsample.0'],
  [/\.shortcut\.norm/, '.downsample.1'],
  [/^head/, 'fc'],
]);

/**
 * A block's parts are numbered: expand (where there is one), depthwise, squeeze-excite (where there is one), project.
 */
function efficientNetNames({ stages, squeezeRatio }: EfficientNetArchitecture): (path: string) => string {
  const position = (stage: string, part: string) => {
    const expand = stages[Number(stage)]!.expandRatio !== 1 ? ['expand'] : [];
    const squeezeExcite = squeezeRatio > 0 ? ['squeezeExcite'] : [];
    return [...expand, 'depthwise', ...squeezeExcite, 'project'].indexOf(part);
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
  conventions: ({ family }) => (family === 'efficientnet' ? ['torchvision'] : ['torchvision', 'timm']),
  layout: torchLayout,
  layerNames: (architecture) =>
    architecture.family === 'efficientnet' ? efficientNetNames(architecture) : resNetNames,
};

/** The names of akamaster's pytorch_resnet_cifar10: torchvision's but for the head. */
export const cifarResNet: NameMap = {
  source: 'pytorch_resnet_cifar10',
  conventions: ({ family }) => (family === 'efficientnet' ? [] : ['torchvision', 'timm']),
  layout: torchLayout,
  layerNames: () => (path) => (path === 'head' ? 'linear' : resNetNames(path)),
};
