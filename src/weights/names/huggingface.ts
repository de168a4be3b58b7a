import type { Architecture } from '../../models/build-model.js';
import { isInTorchvision } from '../../models/conventions.js';
import { torchLayout } from './layout.js';
import { blockNumber, rename, type NameMap } from './name-map.js';

const resNetNames = rename([
  [/^stem\.conv/, 'resnet.embedder.embedder.convolution'],
  [/^stem\.norm/, 'resnet.embedder.embedder.normalization'],
  [/^stages\.(\d+)\.(\d+)/, 'resnet.encoder.stages.$1.layers.$2'],
  [/\.conv(\d)\./, (_, n) => `.layer.${Number(n) - 1}.`],
  [/\.conv$/, '.convolution'],
  [/\.norm$/, '.normalization'],
  [/^head/, 'classifier.1'],
]);

/** Blocks are numbered through. */
function efficientNetNames(architecture: Architecture): (path: string) => string {
  const number = blockNumber(architecture);
  return rename([
    [/^stem\.conv/, 'efficientnet.embeddings.convolution'],
    [/^stem\.norm/, 'efficientnet.embeddings.batchnorm'],
    [/^lastConv\.conv/, 'efficientnet.encoder.top_conv'],
    [/^lastConv\.norm/, 'efficientnet.encoder.top_bn'],
    [/^head/, 'classifier'],
    [/^stages\.(\d+)\.(\d+)/, (_, stage, block) => `efficientnet.encoder.blocks.${number(stage!, block!)}`],
    [/\.squeezeExcite\./, '.squeeze_excite.'],
    [/\.expand\.conv/, '.expansion.expand_conv'],
    [/\.expand\.norm/, '.expansion.expand_bn'],
    [/\.depthwise\.conv/, '.depthwise_conv.depthwise_conv'],
    [/\.depthwise\.norm/, '.depthwise_conv.depthwise_norm'],
    [/\.project\.conv/, '.projection.project_conv'],
    [/\.project\.norm/, '.projection.project_bn'],
  ]);
}

/**
 * The names of Hugging Face transformers' ResNetForImageClassification and EfficientNetForImageClassification. The
 * latter pads as TensorFlow at the size that its network was published for.
 */
export const huggingFace: NameMap = {
  source: 'huggingface',
  conventions: (architecture) => {
    if (architecture.family === 'efficientnet')
      return architecture.variant.startsWith('v2') ? [] : ['keras', 'timm-tf'];
    return isInTorchvision(architecture) && architecture.groups === 1 ? ['torchvision', 'timm'] : [];
  },
  layout: torchLayout,
  layerNames: (architecture) =>
    architecture.family === 'efficientnet' ? efficientNetNames(architecture) : resNetNames,
};
