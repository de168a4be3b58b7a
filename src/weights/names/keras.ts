import { isInTorchvision } from '../../models/conventions.js';
import { kerasLayout } from './layout.js';
import { rename, type NameMap } from './name-map.js';

const resNetNames = rename([
  [/^stem\.conv/, 'conv1_conv'],
  [/^stem\.norm/, 'conv1_bn'],
  [/^head/, 'predictions'],
  [/^stages\.(\d+)\.(\d+)/, (_, stage, block) => `conv${Number(stage) + 2}_block${Number(block) + 1}`],
  [/\.shortcut\./, '_0_'],
  [/\.conv(\d)\./, '_$1_'],
  [/_norm$/, '_bn'],
]);

/** @param depthwise - What a depthwise convolution is called. */
const efficientNetNames = (depthwise: string) =>
  rename([
    [/^stem\.conv/, 'stem_conv'],
    [/^stem\.norm/, 'stem_bn'],
    [/^lastConv\.conv/, 'top_conv'],
    [/^lastConv\.norm/, 'top_bn'],
    [/^head/, 'predictions'],
    [
      /^stages\.(\d+)\.(\d+)\./,
      (_, stage, block) => `block${Number(stage) + 1}${String.fromCharCode(97 + Number(block))}_`,
    ],
    [/depthwise\.conv/, depthwise],
    [/depthwise\.norm/, 'bn'],
    [/(expand|project)\.conv/, '$1_conv'],
    [/(expand|project)\.norm/, '$1_bn'],
    [/squeezeExcite\./, 'se_'],
  ]);

/** The names of keras.applications' ResNets and EfficientNets, whose blocks of a stage are lettered. */
export const keras: NameMap = {
  source: 'keras',
  conventions: (architecture) => {
    if (architecture.family === 'efficientnet') return ['keras', 'timm-tf'];
    return isInTorchvision(architecture) && architecture.groups === 1 ? ['keras'] : [];
  },
  layout: kerasLayout,
  layerNames: (architecture) => {
    if (architecture.family === 'resnet') return resNetNames;
    return efficientNetNames(architecture.variant.startsWith('v2') ? 'dwconv2' : 'dwconv');
  },
};
