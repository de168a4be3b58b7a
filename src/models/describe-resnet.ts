import { checkOneOf, checkOptions } from '../core/errors.js';
import {
  LayerCounter,
  type ModelDescription,
  type ResNetArchitecture,
  type ResNetStage,
} from '../scaling/index.js';
import { resNetConventions, type ResNetConventionName } from './conventions.js';

/** Options of {@link describeResNet}. */
export interface DescribeResNetOptions {
  /** Side of the images, in pixels. Default the architecture's. */
  readonly size?: number;
  /** Whose strides and biases. Default `'torchvision'`. */
  readonly convention?: ResNetConventionName;
}

/** Counts a ResNet layer by layer without building it. */
export function describeResNet(
  architecture: ResNetArchitecture,
  options: DescribeResNetOptions = {},
): ModelDescription {
  checkOptions('describeResNet', options, { size: true, convention: true });
  const { size = architecture.size, convention = 'torchvision' } = options;
  checkOneOf('convention', convention, Object.keys(resNetConventions));
  const { stem, stemChannels, stages, inputChannels, classes } = architecture;
  const { convolutionBias: bias } = resNetConventions[convention];
  const count = new LayerCounter([size, size, inputChannels]);
  const window = stem === 'imagenet' ? { kernelSize: 7, stride: 2 } : { kernelSize: 3 };
  count.conv2d('stem.conv', { filters: stemChannels, ...window, bias });
  count.batchNorm('stem.norm');
  count.elementWise('stem.activation', 'relu');
  if (stem === 'imagenet') count.maxPool('pool', 2);
  stages.forEach((stage, s) => {
    for (let i = 0; i < stage.blocks; i++) {
      countBlock(count, `stages.${s}.${i}`, stage, s > 0 && i === 0 ? 2 : 1, architecture, convention);
    }
  });
  count.globalAvgPool('globalPool');
  count.elementWise('dropout', 'dropout');
  if (classes !== undefined) count.dense('head', classes);
  return count.describe(architecture.name);
}

function countBlock(
  count: LayerCounter,
  name: string,
  { channels, outChannels: filters }: ResNetStage,
  stride: number,
  { kind, shortcut }: ResNetArchitecture,
  convention: ResNetConventionName,
): void {
  const { convolutionBias: bias, strideIn } = resNetConventions[convention];
  const input = count.shape;
  const convNorm = (name: string, convolution: { filters: number; kernelSize: number; stride: number }) => {
    count.conv2d(`${name}.conv`, { ...convolution, bias });
    count.batchNorm(`${name}.norm`);
  };
  const [stride1, stride2] = kind === 'basic' || strideIn === '1x1' ? [stride, 1] : [1, stride];
  convNorm(`${name}.conv1`, { filters: channels, kernelSize: kind === 'basic' ? 3 : 1, stride: stride1 });
  count.elementWise(`${name}.conv1.activation`, 'relu');
  convNorm(`${name}.conv2`, { filters: channels, kernelSize: 3, stride: stride2 });
  if (kind === 'bottleneck') {
    count.elementWise(`${name}.conv2.activation`, 'relu');
    convNorm(`${name}.conv3`, { filters, kernelSize: 1, stride: 1 });
  }
  if (shortcut === 'none') {
    count.elementWise(`${name}.${kind === 'basic' ? 'conv2' : 'conv3'}.activation`, 'relu');
    return;
  }
  const output = count.shape;
  if (stride !== 1 || input.at(-1) !== filters) {
    count.shape = input;
    if (shortcut === 'pad') count.padShortcut(`${name}.shortcut`, { filters, stride });
    else convNorm(`${name}.shortcut`, { filters, kernelSize: 1, stride });
  }
  count.shape = output;
  count.elementWise(`${name}.add`, 'add');
  count.elementWise(`${name}.relu`, 'relu');
}
