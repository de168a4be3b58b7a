import { LayerCounter, type ModelDescription } from './counting.js';
import type { EfficientNetArchitecture, EfficientNetStage } from './efficientnet.js';

/**
 * Counts an EfficientNet layer by layer without building it.
 * @param size - Side of the images, in pixels. Default the network's resolution.
 */
export function describeEfficientNet(
  architecture: EfficientNetArchitecture,
  size: number = architecture.resolution,
): ModelDescription {
  const { stemFilters, stages, lastFilters, activation, inputChannels, classes } = architecture;
  const count = new LayerCounter([size, size, inputChannels]);
  count.conv2d('stem.conv', { filters: stemFilters, kernelSize: 3, stride: 2 });
  normalizeAndActivate(count, 'stem', activation);
  stages.forEach((stage, s) => {
    for (let i = 0; i < stage.repeats; i++) countMBConv(count, `stages.${s}.${i}`, stage, i, architecture);
  });
  count.conv2d('lastConv.conv', { filters: lastFilters, kernelSize: 1 });
  normalizeAndActivate(count, 'lastConv', activation);
  count.globalAvgPool('globalPool');
  count.elementWise('dropout', 'dropout');
  if (classes !== undefined) count.dense('head', classes);
  return count.describe(architecture.name);
}

function countMBConv(
  count: LayerCounter,
  name: string,
  stage: EfficientNetStage,
  index: number,
  { activation, squeezeRatio }: EfficientNetArchitecture,
): void {
  const { kernelSize, expandRatio, outChannels } = stage;
  const stride = index === 0 ? stage.stride : 1;
  const inChannels = index === 0 ? stage.inChannels : outChannels;
  const channels = inChannels * expandRatio;
  if (expandRatio !== 1) {
    count.conv2d(`${name}.expand.conv`, { filters: channels, kernelSize: 1 });
    normalizeAndActivate(count, `${name}.expand`, activation);
  }
  count.depthwiseConv2d(`${name}.depthwise.conv`, { kernelSize, stride });
  normalizeAndActivate(count, `${name}.depthwise`, activation);
  if (squeezeRatio > 0) {
    const { shape } = count;
    const squeezed = Math.max(1, Math.floor(inChannels * squeezeRatio));
    const squeezeExcite = `${name}.squeezeExcite`;
    count.globalAvgPool(`${squeezeExcite}.mean`, true);
    count.conv2d(`${squeezeExcite}.reduce`, { filters: squeezed, kernelSize: 1, bias: true });
    count.elementWise(`${squeezeExcite}.activation`, activation);
    count.conv2d(`${squeezeExcite}.expand`, { filters: channels, kernelSize: 1, bias: true });
    count.elementWise(`${squeezeExcite}.gate`, 'sigmoid');
    count.shape = shape;
    count.elementWise(`${squeezeExcite}.multiply`, 'multiply');
  }
  count.conv2d(`${name}.project.conv`, { filters: outChannels, kernelSize: 1 });
  count.batchNorm(`${name}.project.norm`);
  if (stride === 1 && inChannels === outChannels) count.elementWise(`${name}.add`, 'add');
}

function normalizeAndActivate(count: LayerCounter, name: string, activation: 'swish' | 'relu6'): void {
  count.batchNorm(`${name}.norm`);
  count.elementWise(`${name}.activation`, activation);
}
