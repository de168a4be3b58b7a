import { ready } from '#backends';
import { ConvNorm } from '../blocks/conv-norm.js';
import { MBConv } from '../blocks/mb-conv.js';
import { PadShortcut, ResidualBlock } from '../blocks/residual-block.js';
import { checkModel, checkOptions } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { readVariable } from '../core/take-values.js';
import type { Activation } from '../layers/activations.js';
import type { Conv2D } from '../layers/conv2d.js';
import { DepthwiseConv2D } from '../layers/depthwise-conv2d.js';
import type { SqueezeExcite } from '../layers/squeeze-excite.js';
import type { TfPadding } from '../layers/padding.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { torchLayout } from './names/layout.js';
import { OnnxGraph, type OnnxAttribute } from './formats/onnx-graph.js';

/**
 * A model with its weights as the bytes of an ONNX file (operator set 17), for ONNX Runtime and other engines: the way to
 * native and server inference. It evaluates as `predict` does. Its input `images` is [batch, channels, height, width],
 * preprocessed as the model's `preprocessing` says; any batch and size. Its output `logits` is [batch, classes], or
 * `features` [batch, channels] of a model without head. Preprocessing and labels are in the file's metadata, as JSON.
 * @param options - There are none yet.
 */
export async function exportOnnx(
  model: ImageClassifier,
  options: Readonly<Record<string, never>> = {},
): Promise<Uint8Array> {
  checkModel('exportOnnx', model);
  checkOptions('exportOnnx', options, {});
  const { architecture, preprocessing, labels, stages } = model;
  const graph = new OnnxGraph(architecture.name);
  await ready();
  for (const { name, variable, owner } of model.namedVariables()) {
    const axes = torchLayout.axes(variable, owner);
    // PyTorch's order is ONNX's.
    const inverse = axes?.map((_, axis) => axes.indexOf(axis));
    const shape = inverse?.map((axis) => variable.shape[axis]!) ?? variable.shape;
    graph.constant(name, shape, await readVariable(variable, inverse));
  }

  const build = new Exporter(graph, model);
  let x = build.convNorm('images', model.stem);
  if (model.pool) {
    const { size, stride, padding } = model.pool;
    const window = { kernel_shape: [size, size], strides: [stride, stride], ...pads(padding) };
    x = graph.node('MaxPool', [x], 'pool', window);
  }
  for (const block of stages.flat()) x = build.block(x, block);
  if (model.lastConv) x = build.convNorm(x, model.lastConv);
  const pooled = graph.node('GlobalAveragePool', [x], 'globalPool');
  const { head, classes } = model;
  const output = head ? 'logits' : 'features';
  const features = graph.node('Flatten', [pooled], head ? 'flat' : output);
  if (head) graph.node('Gemm', [features, 'head.weight', 'head.bias'], output, { transB: 1 });

  const channels = (model.lastConv ?? lastConvOf(stages.at(-1)!.at(-1)!)).conv.weight.shape[3];
  return graph.encode(
    { name: 'images', shape: ['batch', architecture.inputChannels, 'height', 'width'] },
    { name: output, shape: ['batch', classes ?? channels] },
    { preprocessing: JSON.stringify(preprocessing), ...(labels && { labels: JSON.stringify(labels) }) },
  );
}

/** The convolution whose filters are the block's output. */
function lastConvOf(block: AnyModule): ConvNorm {
  if (block instanceof MBConv) return block.project;
  if (block instanceof ResidualBlock) return block.conv3 ?? block.conv2;
  throw unknownBlock(block);
}

function unknownBlock(block: AnyModule): Error {
  return new Error(
    `exportOnnx knows ResidualBlock and MBConv, and this model has ${block.constructor.name}; it cannot be exported.`,
  );
}

/** Adds modules to a graph; each method mirrors the module's evaluation and returns the name of its output. */
class Exporter {
  readonly #names: ReadonlyMap<AnyModule, string>;

  constructor(
    readonly graph: OnnxGraph,
    model: ImageClassifier,
  ) {
    this.#names = new Map(Array.from(model.namedModules(), ({ name, module }) => [module, name]));
  }

  block(x: string, block: AnyModule): string {
    if (block instanceof ResidualBlock) return this.residualBlock(x, block);
    if (block instanceof MBConv) return this.mbConv(x, block);
    throw unknownBlock(block);
  }

  residualBlock(x: string, block: ResidualBlock): string {
    const name = this.#names.get(block)!;
    const { conv1, conv2, conv3, shortcut, plain } = block;
    let h = this.convNorm(this.convNorm(x, conv1), conv2);
    if (conv3) h = this.convNorm(h, conv3);
    if (plain) return h;
    const sum = this.graph.node('Add', [h, this.shortcut(x, shortcut)], `${name}.add`);
    return this.graph.node('Relu', [sum], `${name}.relu`);
  }

  shortcut(x: string, shortcut: ResidualBlock['shortcut']): string {
    if (!shortcut) return x;
    if (shortcut instanceof ConvNorm) return this.convNorm(x, shortcut);
    if (!(shortcut instanceof PadShortcut)) throw unknownBlock(shortcut);
    const name = this.#names.get(shortcut)!;
    const { stride, before, after } = shortcut;
    const pixels = this.graph.node('AveragePool', [x], `${name}.pixels`, {
      kernel_shape: [1, 1],
      strides: [stride, stride],
    });
    const channels = this.graph.constant(`${name}.channels`, [8], [0, before, 0, 0, 0, after, 0, 0]);
    return this.graph.node('Pad', [pixels, channels], `${name}.pad`);
  }

  mbConv(x: string, block: MBConv): string {
    const { expand, depthwise, squeezeExcite, project, stochasticDepth } = block;
    let h = expand ? this.convNorm(x, expand) : x;
    h = this.convNorm(h, depthwise);
    if (squeezeExcite) h = this.squeezeExcite(h, squeezeExcite);
    h = this.convNorm(h, project);
    // It stands where the block has a skip connection.
    return stochasticDepth ? this.graph.node('Add', [h, x], `${this.#names.get(block)}.add`) : h;
  }

  squeezeExcite(x: string, { reduce, activation, expand }: SqueezeExcite): string {
    const mean = this.graph.node('GlobalAveragePool', [x], `${this.#names.get(reduce)}.mean`);
    const reduced = this.activation(this.conv(mean, reduce), activation);
    const scale = this.graph.node(
      'Sigmoid',
      [this.conv(reduced, expand)],
      `${this.#names.get(expand)}.sigmoid`,
    );
    return this.graph.node('Mul', [x, scale], `${this.#names.get(expand)}.scale`);
  }

  convNorm(x: string, { conv, norm, activation }: ConvNorm): string {
    let y = this.conv(x, conv);
    if (norm) {
      const name = this.#names.get(norm)!;
      const variables = ['weight', 'bias', 'runningMean', 'runningVariance'].map(
        (field) => `${name}.${field}`,
      );
      y = this.graph.node('BatchNormalization', [y, ...variables], name, {
        epsilon: { float: norm.epsilon },
      });
    }
    return this.activation(y, activation);
  }

  conv(x: string, conv: Conv2D | DepthwiseConv2D): string {
    const name = this.#names.get(conv)!;
    const { stride, dilation, padding, weight, bias } = conv;
    const inputs = [x, `${name}.weight`, ...(bias ? [`${name}.bias`] : [])];
    return this.graph.node('Conv', inputs, name, {
      kernel_shape: [weight.shape[0], weight.shape[1]],
      strides: [stride, stride],
      dilations: [dilation, dilation],
      group: conv instanceof DepthwiseConv2D ? weight.shape[2] : 1,
      ...pads(padding),
    });
  }

  activation(x: string, activation: Activation | undefined): string {
    if (!activation) return x;
    const name = `${x}.${activation.fused}`;
    switch (activation.fused) {
      case 'relu':
        return this.graph.node('Relu', [x], name);
      case 'relu6':
        return this.graph.node('Clip', [x, this.#scalar(0), this.#scalar(6)], name);
      case 'sigmoid':
        return this.graph.node('Sigmoid', [x], name);
      case 'swish':
        return this.graph.node('Mul', [x, this.graph.node('Sigmoid', [x], `${name}.sigmoid`)], name);
    }
  }

  readonly #scalars = new Set<number>();

  #scalar(value: number): string {
    const name = `constant.${value}`;
    if (!this.#scalars.has(value)) this.graph.constant(name, [], Float32Array.of(value));
    this.#scalars.add(value);
    return name;
  }
}

/** The padding of a window as ONNX's attribute. */
function pads(padding: TfPadding): Record<string, OnnxAttribute> {
  if (padding === 'same') return { auto_pad: 'SAME_UPPER' };
  if (padding === 'valid') return {};
  if (typeof padding === 'number') return { pads: Array<number>(4).fill(padding) };
  const [, [top, bottom], [left, right]] = padding;
  return { pads: [top, left, bottom, right] };
}
