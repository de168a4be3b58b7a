import type * as tf from '@tensorflow/tfjs-core';
import { trace, type InputShapes, type ModuleCall, type Traceable, type TracedNode } from './trace.js';

/** The shape of a layer's activations. */
export type Shape = readonly number[];

/** One run of a layer. */
export interface LayerDescription {
  /** The path of fields that leads to the layer, such as `stages.0.1.conv1.conv`. */
  readonly name: string;
  /** What it computes, such as `conv2d`, `batchNorm`, `relu` or `add`; of a layer of several operations, its class. */
  readonly type: string;
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Trainable values; those of a shared layer are counted at its first run. */
  readonly parameters: number;
  /** Running means and variances. */
  readonly statistics: number;
  /** Products of convolutions and matrices; other layers count none, as in published figures. */
  readonly multiplyAdds: number;
  /** True where the layer has run before. */
  readonly shared?: true;
}

/** What a network consists of and costs. */
export interface ModelDescription {
  readonly name: string;
  readonly inputShape: Shape;
  /** In the order in which they run. */
  readonly layers: readonly LayerDescription[];
  /** Trainable values. */
  readonly parameters: number;
  /** Running means and variances. */
  readonly statistics: number;
  readonly multiplyAdds: number;
  /** Values of all layers' outputs together. */
  readonly activationSize: number;
}

/**
 * Counts any module layer by layer: it is traced, so nothing is computed. Shapes and counts are of the whole batch.
 * @param input - The shape of the input, or the shapes of an array or a record of inputs, the batch first.
 * @throws ArgumentError as `trace` does.
 */
export function describeModule(module: Traceable, input: InputShapes, name?: string): ModelDescription {
  const { nodes, inputs, calls } = trace(module, input);
  const rows = new Rows(module, calls);
  for (const operations of runsOf(nodes)) rows.add(operations);
  const variables = Array.from(module.namedVariables(), ({ variable }) => variable);
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const sizes = (trainable: boolean) =>
    variables.filter((variable) => variable.trainable === trainable).map(({ size }) => size);
  return {
    name: name ?? module.constructor.name,
    inputShape: Object.values(inputs)[0]!.shape,
    layers: rows.layers,
    parameters: sum(sizes(true)),
    statistics: sum(sizes(false)),
    multiplyAdds: sum(rows.layers.map(({ multiplyAdds }) => multiplyAdds)),
    activationSize: sum(rows.layers.map(({ outputShape }) => product(outputShape))),
  };
}

/** One or more kernels that a layer is known by. */
interface Operation {
  readonly type: string;
  readonly nodes: readonly TracedNode[];
  /** Kernels before it that only show a tensor in another way. */
  readonly views: readonly TracedNode[];
  /** Whether it is what the operation before ends with, in the same kernel. */
  readonly isTail?: true;
}

/** Nodes that follow each other in one run of a module. */
function* runsOf(nodes: readonly TracedNode[]): Generator<TracedNode[]> {
  let run: TracedNode[] = [];
  for (const node of nodes) {
    if (run.length > 0 && run[0]!.call !== node.call) {
      yield run;
      run = [];
    }
    run.push(node);
  }
  if (run.length > 0) yield run;
}

class Rows {
  readonly layers: LayerDescription[] = [];
  readonly #leaves: ReadonlySet<object>;
  readonly #counted = new Set<tf.Variable>();
  readonly #firstCalls = new Map<object, ModuleCall>();
  /** Activation modules that another layer runs in their place, by the path above and the activation. */
  readonly #fused = new Map<string, string>();

  constructor(module: Traceable, calls: readonly ModuleCall[]) {
    const modules = [...module.namedModules()];
    // What is below a module follows it. The root's operations are listed one by one, even where it has no parts.
    const isLeaf = (name: string, i: number) => name !== '' && !modules[i + 1]?.name.startsWith(`${name}.`);
    this.#leaves = new Set(modules.filter(({ name }, i) => isLeaf(name, i)).map(({ module }) => module));
    for (const call of calls) {
      if (!this.#firstCalls.has(call.module)) this.#firstCalls.set(call.module, call);
    }
    for (const { name, module } of modules) {
      const { fused } = module as { fused?: string };
      if (fused !== undefined && !this.#firstCalls.has(module))
        this.#fused.set(`${above(name)} ${fused}`, name);
    }
  }

  add(nodes: readonly TracedNode[]): void {
    const { call } = nodes[0]!;
    const operations = operationsOf(nodes);
    if (!this.#leaves.has(call.module)) {
      for (const operation of operations) this.#addRow(named(call, operation.type), operation, call);
      return;
    }
    const whole = { inputShape: call.inputs[0]?.shape, outputShape: call.outputs[0]?.shape };
    if (operations.length === 0) {
      const type = nodes.every(({ kernel }) => kernel === 'Identity') ? 'dropout' : 'reshape';
      this.#addRow(call.path, { type, nodes, views: [] }, call, whole);
      return;
    }
    // What comes after the layer's variables, such as the activation that a convolution ends with, has rows.
    const lastOwn = operations.findLastIndex(
      (operation) => !operation.isTail && variablesOf(operation).length > 0,
    );
    const end = lastOwn < 0 ? operations.length : lastOwn + 1;
    const { inputShape, outputShape } = whole;
    this.#addRow(call.path, merged(operations.slice(0, end), call), call, {
      inputShape,
      outputShape: end === operations.length ? outputShape : undefined,
    });
    for (const operation of operations.slice(end)) {
      const name = this.#fused.get(`${above(call.path)} ${operation.type}`) ?? named(call, operation.type);
      this.#addRow(name, operation, call);
    }
  }

  #addRow(name: string, operation: Operation, call: ModuleCall, shapes: Partial<WholeShapes> = {}): void {
    const { type, nodes, isTail } = operation;
    const isShared = this.#leaves.has(call.module) && this.#firstCalls.get(call.module) !== call;
    const data = Object.values(nodes[0]!.inputs).find(({ source }) => source.kind !== 'variable');
    const last = nodes.at(-1)!.outputs[0]!.shape;
    this.layers.push({
      name,
      type,
      inputShape: shapes.inputShape ?? (isTail ? last : (data?.shape ?? last)),
      outputShape: shapes.outputShape ?? last,
      ...this.#countVariables(operation),
      multiplyAdds: isTail ? 0 : multiplyAddsOf(nodes),
      ...(isShared && { shared: true }),
    });
  }

  /** Of the variables that have not been counted before. */
  #countVariables(operation: Operation): { parameters: number; statistics: number } {
    const counts = { parameters: 0, statistics: 0 };
    for (const variable of variablesOf(operation)) {
      if (this.#counted.has(variable)) continue;
      this.#counted.add(variable);
      counts[variable.trainable ? 'parameters' : 'statistics'] += variable.size;
    }
    return counts;
  }
}

/** The shapes of a whole run of a layer, where it has tensors. */
interface WholeShapes {
  readonly inputShape: Shape | undefined;
  readonly outputShape: Shape | undefined;
}

/** The path of what a path's last field is in. */
const above = (path: string) => path.slice(0, Math.max(0, path.lastIndexOf('.')));

function named({ path }: ModuleCall, type: string): string {
  const name = type === 'globalAvgPool' ? 'mean' : type;
  return path ? `${path}.${name}` : name;
}

const lowerFirst = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
const product = (shape: Shape) => shape.reduce((a, b) => a * b, 1);

/** Kernels that only show a tensor in another way, or make one of nothing. */
const silent = new Set([
  'Identity',
  'Reshape',
  'ExpandDims',
  'Cast',
  'Fill',
  'Range',
  'OnesLike',
  'ZerosLike',
]);
/** Names of kernels that layers are known by differently. */
const types: Readonly<Record<string, string>> = {
  Conv2D: 'conv2d',
  FusedConv2D: 'conv2d',
  DepthwiseConv2dNative: 'depthwiseConv2d',
  FusedDepthwiseConv2D: 'depthwiseConv2d',
  Conv2DBackpropInput: 'transposedConv2d',
  FusedBatchNorm: 'batchNorm',
  BatchMatMul: 'matMul',
  _FusedMatMul: 'dense',
  PadV2: 'pad',
  SplitV: 'split',
  GatherV2: 'gather',
};

function variablesOf({ nodes, views }: Operation): tf.Variable[] {
  const sources = [...views, ...nodes].flatMap(({ inputs }) =>
    Object.values(inputs).map(({ source }) => source),
  );
  return sources.flatMap((source) => (source.kind === 'variable' ? [source.variable] : []));
}

/** The operations of one layer as one: what its products are, or else its class. */
function merged(operations: readonly Operation[], { module }: ModuleCall): Operation {
  const nodes = operations.flatMap(({ nodes }) => nodes);
  const weighted = operations.find(({ nodes, isTail }) => !isTail && multiplyAddsOf(nodes) > 0);
  const type = operations.length === 1 ? operations[0]!.type : weighted?.type;
  const views = operations.flatMap(({ views }) => views);
  return { type: type ?? lowerFirst(module.constructor.name), nodes: [...new Set(nodes)], views };
}

function operationsOf(nodes: readonly TracedNode[]): Operation[] {
  const operations: Operation[] = [];
  let views: TracedNode[] = [];
  for (const [i, node] of nodes.entries()) {
    const { kernel, attributes } = node;
    if (silent.has(kernel)) {
      views.push(node);
      continue;
    }
    const before = nodes[i - 1];
    if (before && isSwish(before, node)) {
      operations[operations.length - 1] = { type: 'swish', nodes: [before, node], views };
      continue;
    }
    const type = isImageMean(node) ? 'globalAvgPool' : (types[kernel] ?? lowerFirst(kernel));
    operations.push({ type, nodes: [node], views });
    views = [];
    const { activation = 'linear' } = attributes as { activation?: string };
    if (activation !== 'linear') operations.push({ type: activation, nodes: [node], views, isTail: true });
  }
  return operations;
}

/** Whether this is x * sigmoid(x). */
export function isSwish(sigmoid: TracedNode, multiply: TracedNode): boolean {
  if (sigmoid.kernel !== 'Sigmoid' || multiply.kernel !== 'Multiply') return false;
  const factors = Object.values(multiply.inputs);
  return factors.includes(sigmoid.outputs[0]!) && factors.includes(Object.values(sigmoid.inputs)[0]!);
}

/** Whether this is the mean over height and width. */
export function isImageMean({ kernel, attributes, inputs }: TracedNode): boolean {
  return kernel === 'Mean' && inputs.x!.shape.length === 4 && String(attributes.axis) === '1,2';
}

function multiplyAddsOf(nodes: readonly TracedNode[]): number {
  return nodes.reduce((sum, node) => sum + productsOf(node), 0);
}

function productsOf({ kernel, attributes, inputs, outputs }: TracedNode): number {
  const { filter, dy, a } = inputs;
  const output = product(outputs[0]!.shape);
  switch (kernel) {
    case 'Conv2D':
    case 'FusedConv2D':
      return output * product(filter!.shape.slice(0, 3));
    case 'DepthwiseConv2dNative':
    case 'FusedDepthwiseConv2D':
      return output * product(filter!.shape.slice(0, 2));
    case 'Conv2DBackpropInput':
      return product(dy!.shape) * product(filter!.shape.slice(0, 3));
    case 'BatchMatMul':
    case '_FusedMatMul':
      return output * a!.shape.at(attributes.transposeA ? -2 : -1)!;
    default:
      return 0;
  }
}
