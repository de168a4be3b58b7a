import { torchLayout } from './layout.js';
import { blockNumber, rename, type NameMap } from './name-map.js';

/** The names of lukemelas' efficientnet-pytorch and of the Lite ports of it; blocks are numbered through. */
export const efficientNetPyTorch: NameMap = {
  source: 'efficientnet-pytorch',
  conventions: (architecture) =>
    architecture.family === 'efficientnet' && !architecture.variant.startsWith('v2')
      ? ['keras', 'timm-tf']
      : [],
  layout: torchLayout,
  layerNames: (architecture) => {
    const number = blockNumber(architecture);
    return rename([
      [/^stem\.conv/, '_conv_stem'],
      [/^stem\.norm/, '_bn0'],
      [/^lastConv\.conv/, '_conv_head'],
      [/^lastConv\.norm/, '_bn1'],
      [/^head/, '_fc'],
      [/^stages\.(\d+)\.(\d+)/, (_, stage, block) => `_blocks.${number(stage!, block!)}`],
      [/\.squeezeExcite\.(reduce|expand)/, '._se_$1'],
      [/\.(expand|depthwise|project)\.conv/, '._$1_conv'],
      [/\.expand\.norm/, '._bn0'],
      [/\.depthwise\.norm/, '._bn1'],
      [/\.project\.norm/, '._bn2'],
    ]);
  },
};
