import type { AnyModule, NamedVariable } from '../../src/core/module.js';
import { BatchNorm } from '../../src/layers/batch-norm.js';
import type { ImageClassifier } from '../../src/models/image-classifier.js';
import { rename } from '../../src/weights/names/name-map.js';
import { fillModule } from './torch-model.js';

/** The layer that the path of a ResNet's layer is in Keras, such as conv2_block1_0_conv. */
const resNetLayer = rename([
  [/^stem\.(\w+)/, 'conv1_$1'],
  [/^stages\.(\d+)\.(\d+)\./, (_, stage, block) => `conv${Number(stage) + 2}_block${Number(block) + 1}_`],
  [/shortcut\.(\w+)/, '0_$1'],
  [/conv(\d)\.(\w+)$/, '$1_$2'],
  [/_norm$/, '_bn'],
  [/^head/, 'predictions'],
]);

/**
 * The layer that the path of an EfficientNet's layer is in Keras, such as block2a_expand_conv.
 * @param depthwise - What a depthwise convolution is called.
 */
const efficientNetLayer = (depthwise: string) =>
  rename([
    [/^stem\./, 'stem_'],
    [/^lastConv\./, 'top_'],
    [
      /^stages\.(\d+)\.(\d+)\./,
      (_, stage, block) => `block${Number(stage) + 1}${String.fromCharCode(97 + Number(block))}_`,
    ],
    [/depthwise\.conv/, depthwise],
    [/depthwise\.norm/, 'bn'],
    [/squeezeExcite\./, 'se_'],
    [/(expand|project)\.(\w+)/, '$1_$2'],
    [/_norm$/, '_bn'],
    [/^head/, 'predictions'],
  ]);

function kerasLeaf(owner: AnyModule, leaf: string): string {
  if (!(owner instanceof BatchNorm)) return leaf === 'weight' ? 'kernel' : leaf;
  const names = {
    weight: 'gamma',
    bias: 'beta',
    runningMean: 'moving_mean',
    runningVariance: 'moving_variance',
  };
  return names[leaf as keyof typeof names];
}

/** Keras's path of a variable, such as conv1_conv/kernel. */
export function kerasKey(model: ImageClassifier, { name, owner }: NamedVariable): string {
  const [, path, leaf] = /^(.*)\.(\w+)$/.exec(name)!;
  const { architecture } = model;
  const layer =
    architecture.family === 'efficientnet'
      ? efficientNetLayer(architecture.variant.startsWith('v2') ? 'dwconv2' : 'dwconv')
      : resNetLayer;
  return `${layer(path!)}/${kerasLeaf(owner, leaf!)}`;
}

/** Fills a model by the rule of test/golden/rule.py on Keras's names, whose layout is ours. */
export function fillByKerasRule(model: ImageClassifier): void {
  fillModule(model, (named) => kerasKey(model, named), 'ours');
}
