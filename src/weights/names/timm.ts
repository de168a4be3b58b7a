import type { EfficientNetArchitecture } from '../../models/build-model.js';
import { isInTorchvision } from '../../models/conventions.js';
import { torchLayout } from './layout.js';
import { rename, type NameMap } from './name-map.js';
import { resNetNames } from './torchvision.js';

/** A block's convolutions are numbered norms; without an expanding one, the projection has its name. */
function efficientNetNames({ stages }: EfficientNetArchitecture): (path: string) => string {
  const part = (stage: string, name: string, kind: string): string => {
    const { expandRatio, fused } = stages[Number(stage)]!;
    const expand = expandRatio !== 1;
    if (fused && kind === 'conv') {
      if (!expand) return 'conv';
      return name === 'expand' ? 'conv_exp' : 'conv_pwl';
    }
    if (fused) return name === 'project' && expand ? 'bn2' : 'bn1';
    const parts = expand ? ['expand', 'depthwise', 'project'] : ['depthwise', 'project'];
    if (kind === 'norm') return `bn${parts.indexOf(name) + 1}`;
    if (name === 'depthwise') return 'conv_dw';
    return name === 'project' && expand ? 'conv_pwl' : 'conv_pw';
  };
  return rename([
    [/^stem\.conv/, 'conv_stem'],
    [/^stem\.norm/, 'bn1'],
    [/^lastConv\.conv/, 'conv_head'],
    [/^lastConv\.norm/, 'bn2'],
    [/^head/, 'classifier'],
    [/\.squeezeExcite\.(reduce|expand)/, '.se.conv_$1'],
    [
      /^stages\.(\d+)\.(\d+)\.(expand|depthwise|project)\.(conv|norm)/,
      (_, stage, block, name, kind) => `blocks.${stage}.${block}.${part(stage!, name!, kind!)}`,
    ],
    [/^stages/, 'blocks'],
  ]);
}

/**
 * The names of timm. Those of its ResNets are torchvision's; those of `efficientnet_*` and `tf_efficientnet_*` are the
 * same, so that the names do not tell which convention is right.
 */
export const timm: NameMap = {
  source: 'timm',
  conventions: (architecture) => {
    if (architecture.family === 'efficientnet') return ['timm', 'timm-tf', 'keras'];
    return isInTorchvision(architecture) ? ['timm', 'torchvision'] : ['timm'];
  },
  layout: torchLayout,
  layerNames: (architecture) =>
    architecture.family === 'efficientnet' ? efficientNetNames(architecture) : resNetNames(architecture),
};
