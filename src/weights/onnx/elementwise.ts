import type { TracedNode, TracedValue } from '../../graph/trace.js';
import type { Emitter, Translation } from './emitter.js';
import { elementTypes } from './graph.js';

/** tfjs's names of operations of one tensor that ONNX has too. */
const unary =
  'Abs Acos Acosh Asin Asinh Atan Atanh Ceil Cos Cosh Elu Erf Exp Floor Log Neg Reciprocal Relu Round Selu Sigmoid Sign ' +
  'Sin Sinh Softplus Sqrt Tan Tanh';

/** ONNX's names of operations of tensors that are broadcast. */
const binary: Readonly<Record<string, string>> = {
  Add: 'Add',
  AddN: 'Sum',
  Sub: 'Sub',
  Multiply: 'Mul',
  RealDiv: 'Div',
  Maximum: 'Max',
  Minimum: 'Min',
  Pow: 'Pow',
  Prelu: 'PRelu',
  Select: 'Where',
  Equal: 'Equal',
  Greater: 'Greater',
  GreaterEqual: 'GreaterOrEqual',
  Less: 'Less',
  LessEqual: 'LessOrEqual',
  LogicalAnd: 'And',
  LogicalOr: 'Or',
  LogicalXor: 'Xor',
};

const each = (operator: string): Translation => {
  return (emitter, node) => emitter.each(node, operator);
};
const broadcast = (operator: string, last?: string): Translation => {
  return (emitter, node) => {
    const then = (y: string, name: string) => emitter.graph.node(last!, [y], name);
    emitter.broadcast(node, operator, last ? then : undefined);
  };
};

/** An operator after another. */
const twice = (first: string, then: string): Translation => {
  return (emitter, node) =>
    emitter.composed(node, (x, name) => {
      const { graph, values } = emitter;
      return graph.node(then, [graph.node(first, [x], values.name(`${name}.${first}`))], name);
    });
};

/** A tensor of another's shape, full of one number. */
const full = (number: number): Translation => {
  return (emitter, node) =>
    emitter.composed(node, (x, name) => {
      const { graph, values } = emitter;
      const shape = graph.node('Shape', [x], values.name(`${name}.shape`));
      return graph.node('Expand', [values.scalar(number), shape], name);
    });
};

/** Kernels that compute each element by itself. */
export const elementwise: Readonly<Record<string, Translation>> = {
  ...Object.fromEntries(unary.split(' ').map((name) => [name, each(name)])),
  ...Object.fromEntries(Object.entries(binary).map(([kernel, operator]) => [kernel, broadcast(operator)])),
  Identity: ({ values }, { inputs, outputs }) => values.alias(outputs[0]!, inputs.x!),
  LogicalNot: each('Not'),
  IsNan: each('IsNaN'),
  IsInf: each('IsInf'),
  Rsqrt: twice('Sqrt', 'Reciprocal'),
  Relu6: (emitter, node) => emitter.each(node, 'Clip', {}, [0, 6].map((x) => emitter.values.scalar(x))), // prettier-ignore
  ClipByValue: (emitter, node, { clipValueMin, clipValueMax }) =>
    emitter.each(node, 'Clip', {}, [clipValueMin, clipValueMax].map((x) => emitter.values.scalar(x))), // prettier-ignore
  LeakyRelu: (emitter, node, { alpha }) => emitter.each(node, 'LeakyRelu', { alpha: { float: alpha } }),
  Cast: (emitter, node, { dtype }) =>
    emitter.each(node, 'Cast', { to: elementTypes[dtype as keyof typeof elementTypes] }),
  Square: (emitter, node) => emitter.composed(node, (x, name) => emitter.graph.node('Mul', [x, x], name)),
  Log1p: (emitter, node) =>
    emitter.composed(node, (x, name) => {
      const { graph, values } = emitter;
      return graph.node('Log', [graph.node('Add', [x, values.scalar(1)], values.name(`${name}.sum`))], name);
    }),
  Expm1: (emitter, node) =>
    emitter.composed(node, (x, name) => {
      const { graph, values } = emitter;
      return graph.node('Sub', [graph.node('Exp', [x], values.name(`${name}.exp`)), values.scalar(1)], name);
    }),
  SquaredDifference: (emitter, node) =>
    emitter.broadcast(node, 'Sub', (difference, name) =>
      emitter.graph.node('Mul', [difference, difference], name),
    ),
  NotEqual: broadcast('Equal', 'Not'),
  FloorDiv: broadcast('Div', 'Floor'),
  ZerosLike: full(0),
  OnesLike: full(1),
  Fill: (emitter, node, { value }) => constant(emitter, node, () => Number(value)),
  Range: (emitter, node, { start, step }) => constant(emitter, node, (i) => start + i * step),
};

/** What needs no input. */
function constant(emitter: Emitter, node: TracedNode, valueAt: (i: number) => number): void {
  const [{ shape, dtype }] = node.outputs as [TracedValue];
  const numbers = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => valueAt(i));
  const types = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };
  const values = new types[dtype as keyof typeof types](numbers);
  emitter.values.setPlain(node.outputs[0]!, emitter.graph.constant(emitter.name(node), shape, values));
}
