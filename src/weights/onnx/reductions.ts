import * as tf from '@tensorflow/tfjs-core';
import { isImageMean } from '../../graph/describe.js';
import type { TracedNode, TracedValue } from '../../graph/trace.js';
import { axisOf, type Attributes, type Emitter, type Translation } from './emitter.js';
import { elementTypes } from './graph.js';
import { activated } from './images.js';
import { cannot, planarAxis } from './values.js';

/** Of these, ONNX's operator set 17 has the axes as an attribute. */
const reduction = (operator: string): Translation => {
  return (emitter, node, attributes) => reduce(emitter, node, attributes, operator);
};

const extreme = (operator: string): Translation => {
  return (emitter, node, { axis }) => {
    const x = node.inputs.x!;
    const at = axisOf(axis as number, x.shape.length);
    const found = emitter.add(node, operator, [emitter.values.plain(x)], { axis: at, keepdims: 0 });
    emitter.values.setPlain(node.outputs[0]!, toInt32(emitter, node, found));
  };
};

/** Kernels that sum up, compare or multiply along axes. */
export const reductions: Readonly<Record<string, Translation>> = {
  Max: reduction('ReduceMax'),
  Mean: reduction('ReduceMean'),
  Min: reduction('ReduceMin'),
  Prod: reduction('ReduceProd'),
  Sum: reduction('ReduceSum'),
  ArgMax: extreme('ArgMax'),
  ArgMin: extreme('ArgMin'),
  Softmax: (emitter, node, { dim }) =>
    emitter.along(
      node,
      dim as number,
      (x, axis, name) => emitter.graph.node('Softmax', [x], name, { axis }),
      node.inputs.logits,
    ),
  Cumsum: (emitter, node, { axis, exclusive, reverse }) =>
    emitter.along(node, axis as number, (x, axis, name) =>
      emitter.graph.node('CumSum', [x, emitter.values.integers([axis])], name, {
        exclusive: Number(exclusive),
        reverse: Number(reverse),
      }),
    ),
  TopK: topK,
  BatchMatMul: matMul,
  _FusedMatMul: fusedMatMul,
};

function reduce(
  emitter: Emitter,
  node: TracedNode,
  { axis, reductionIndices, keepDims }: Attributes,
  operator: string,
): void {
  const { values } = emitter;
  const x = node.inputs.x!;
  const [output] = node.outputs as [TracedValue];
  if (isImageMean(node)) {
    const mean = emitter.add(node, 'GlobalAveragePool', [values.planar(x)]);
    if (keepDims) return values.setPlanar(output, mean);
    return values.setPlain(output, emitter.add(node, 'Flatten', [mean]));
  }
  const axes = tf.util.parseAxisParam(axis ?? reductionIndices, [...x.shape]);
  const isPlanar = keepDims && values.isPlanar(x);
  const at = isPlanar ? axes.map((axis) => planarAxis[axis]!) : axes;
  const input = emitter.input(x, isPlanar);
  const keepdims = keepDims ? 1 : 0;
  const name =
    operator === 'ReduceSum'
      ? emitter.add(node, operator, [input, values.integers(at)], { keepdims })
      : emitter.add(node, operator, [input], { axes: at, keepdims });
  emitter.set(output, name, isPlanar);
}

/** Of the last axis. Equal values are in the order of their places, as in tfjs. */
function topK(emitter: Emitter, node: TracedNode, { k, sorted }: Attributes): void {
  const { values } = emitter;
  const names = node.outputs.map(() => emitter.name(node));
  const inputs = [values.plain(node.inputs.x!), values.integers([k as number])];
  emitter.graph.node('TopK', inputs, names, { axis: -1, sorted: Number(sorted) });
  values.setPlain(node.outputs[0]!, names[0]!);
  values.setPlain(node.outputs[1]!, toInt32(emitter, node, names[1]!));
}

function toInt32(emitter: Emitter, node: TracedNode, integers: string): string {
  return emitter.add(node, 'Cast', [integers], { to: elementTypes.int32 });
}

function matMul(emitter: Emitter, node: TracedNode, { transposeA, transposeB }: Attributes): void {
  const matrix = (value: TracedValue, isTransposed: boolean) => {
    if (!isTransposed) return emitter.values.plain(value);
    const { length } = value.shape;
    const axes = value.shape.map((_, i) => (i < length - 2 ? i : 2 * length - 3 - i));
    return emitter.values.weight(value, axes);
  };
  const { a, b } = node.inputs;
  const inputs = [matrix(a!, transposeA), matrix(b!, transposeB)];
  emitter.values.setPlain(node.outputs[0]!, emitter.add(node, 'MatMul', inputs));
}

/** A dense layer: tfjs sees its matrices with a first axis of 1. */
function fusedMatMul(
  emitter: Emitter,
  node: TracedNode,
  { transposeA, transposeB, activation, leakyreluAlpha }: Attributes,
): void {
  const { values } = emitter;
  const { a, b, bias } = node.inputs;
  const [x, weight] = [matrixOf(a!), matrixOf(b!)];
  if (!x || !weight || transposeA || transposeB || (bias && bias.shape.length > 1))
    throw cannot(node, 'multiplies more than two matrices');
  const biases = bias ? [values.plain(bias)] : [];
  const inputs = [values.plain(x), values.weight(weight, [1, 0]), ...biases];
  const name = emitter.add(node, 'Gemm', inputs, { transB: 1 });
  values.setMatrix(node.outputs[0]!, activated(emitter, node, name, activation, leakyreluAlpha));
}

/** The matrix that a tensor of one matrix shows, or the tensor itself where it is one. */
function matrixOf(value: TracedValue): TracedValue | undefined {
  if (value.shape.length === 2) return value;
  const { source } = value;
  if (source.kind !== 'node' || source.node.kernel !== 'Reshape') return undefined;
  const x = source.node.inputs.x!;
  return x.shape.length === 2 && value.shape[0] === 1 && value.shape[2] === x.shape[1] ? x : undefined;
}
