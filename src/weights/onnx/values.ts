import type * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../core/errors.js';
import { readVariable } from '../../core/take-values.js';
import { placeOf, type Source, type Trace, type TracedNode, type TracedValue } from '../../graph/trace.js';
import type { OnnxGraph } from './graph.js';

/** The axes of an NHWC tensor in the order of NCHW, and the other way round. */
const toPlanar = [0, 3, 1, 2];
const toPlain = [0, 2, 3, 1];
/** Where the axes of an NHWC tensor are in NCHW. */
export const planarAxis: readonly number[] = toPlain;

/** The names under which a graph has a value: as tfjs has it, or with its four axes in the order NCHW. */
interface Forms {
  plain?: string;
  planar?: string;
  /** Of a matrix that tfjs has with a first axis of 1: without it. */
  matrix?: string;
}

/** What a graph calls the values of a trace. Transposes are added where a value is used in an order that it is not in. */
export class Values {
  readonly #forms = new Map<TracedValue, Forms>();
  readonly #twins = new Map<TracedValue, TracedValue>();
  readonly #names = new Set<string>();
  readonly #weights = new Map<string, () => Promise<void>>();

  /** @param other - The trace of inputs of other sizes, wherever these may be any. */
  constructor(
    readonly graph: OnnxGraph,
    trace: Trace,
    other: Trace,
    readonly emitReshape: (node: TracedNode) => void,
  ) {
    for (const [name, value] of Object.entries(trace.inputs)) {
      this.#twins.set(value, other.inputs[name]!);
      this.#names.add(name);
      this.#forms.set(value, value.shape.length === 4 ? { planar: name } : { plain: name });
    }
    trace.nodes.forEach((node, i) => {
      const twin = other.nodes[i];
      const isSame = twin?.kernel === node.kernel && twin.outputs.length === node.outputs.length;
      if (!isSame || (i === trace.nodes.length - 1 && i < other.nodes.length - 1))
        throw cannot(node, 'other sizes of the input change');
      node.outputs.forEach((value, k) => this.#twins.set(value, twin.outputs[k]!));
      for (const [name, value] of Object.entries(node.inputs)) {
        if (!this.#twins.has(value)) this.#twins.set(value, twin.inputs[name]!);
      }
    });
  }

  /** The shape of the same value in the other trace. */
  otherShape(value: TracedValue): readonly number[] {
    return (this.#twins.get(value) ?? value).shape;
  }

  /** The same node of the other trace. */
  otherNode(node: TracedNode): TracedNode {
    const { source } = this.#twins.get(node.outputs[0]!)!;
    return (source as { node: TracedNode }).node;
  }

  /** Throws where a kernel computes with other numbers when its inputs have other sizes, such as the batch's. */
  checkNumbers(node: TracedNode): void {
    if (numbersOf(node) !== numbersOf(this.otherNode(node)))
      throw cannot(node, 'computes with numbers that depend on the size of the input');
  }

  isDynamic(value: TracedValue, axis: number): boolean {
    return value.shape[axis] !== this.otherShape(value)[axis];
  }

  /** A name that nothing else has. */
  name(wanted: string): string {
    let name = wanted;
    for (let i = 2; this.#names.has(name); i++) name = `${wanted}_${i}`;
    this.#names.add(name);
    return name;
  }

  setPlain(value: TracedValue, plain: string): void {
    this.#forms.set(value, { plain });
  }

  setPlanar(value: TracedValue, planar: string): void {
    this.#forms.set(value, { planar });
  }

  setMatrix(value: TracedValue, matrix: string): void {
    this.#forms.set(value, { matrix });
  }

  alias(value: TracedValue, of: TracedValue): void {
    this.#forms.set(value, this.#formsOf(of));
  }

  matrix(value: TracedValue): string | undefined {
    return this.#forms.get(value)?.matrix;
  }

  isPlanar(value: TracedValue): boolean {
    return this.#formsOf(value).planar !== undefined;
  }

  /** The name of a value as tfjs has it. */
  plain(value: TracedValue): string {
    const forms = this.#formsOf(value);
    if (forms.matrix !== undefined) {
      const name = this.name(`${forms.matrix}.unsqueezed`);
      forms.plain ??= this.graph.node('Unsqueeze', [forms.matrix, this.integers([0])], name);
    }
    return (forms.plain ??= this.#transposed(forms.planar!, toPlain));
  }

  /** The name of an image as NCHW; what has fewer than four axes is seen as tfjs broadcasts it. */
  planar(value: TracedValue): string {
    const forms = this.#formsOf(value);
    if (forms.planar !== undefined) return forms.planar;
    const missing = 4 - value.shape.length;
    if (value.shape.every((size) => size === 1) && missing > 0) return this.plain(value);
    let plain = this.plain(value);
    if (missing > 0) {
      const axes = this.integers(Array.from({ length: missing }, (_, i) => i));
      plain = this.graph.node('Unsqueeze', [plain, axes], this.name(`${plain}.unsqueezed`));
    }
    return (forms.planar = this.#transposed(plain, toPlanar));
  }

  /** A weight with its axes in this order; one that is computed is transposed by the graph. */
  weight(value: TracedValue, axes: readonly number[], shape?: readonly number[]): string {
    const { source } = value;
    const ordered = shape ?? axes.map((axis) => value.shape[axis]!);
    if (source.kind === 'variable' || source.kind === 'tensor') {
      return this.#initializer(source, ordered, axes);
    }
    const transposed = this.#transposed(this.plain(value), axes);
    if (!shape) return transposed;
    return this.graph.node('Reshape', [transposed, this.integers(shape)], this.name(`${transposed}.shape`));
  }

  /** A constant of whole numbers, as operators take axes and shapes. */
  integers(values: readonly number[]): string {
    return this.#constant(`integers.${values.join('.')}`, [values.length], values);
  }

  scalar(value: number): string {
    return this.#constant(`constant.${value}`, [], Float32Array.of(value));
  }

  /** Reads the weights that are used. */
  async readWeights(): Promise<void> {
    for (const read of this.#weights.values()) await read();
  }

  #constant(name: string, shape: readonly number[], values: Float32Array | readonly number[]): string {
    if (!this.#names.has(name)) {
      this.#names.add(name);
      this.graph.constant(name, shape, values);
    }
    return name;
  }

  #transposed(name: string, perm: readonly number[]): string {
    return this.graph.node('Transpose', [name], this.name(`${name}.transposed`), { perm });
  }

  readonly #initializers = new Map<tf.Tensor, Map<string, string>>();

  #initializer(
    source: Source & { kind: 'variable' | 'tensor' },
    shape: readonly number[],
    axes?: readonly number[],
  ): string {
    const tensor = source.kind === 'variable' ? source.variable : source.tensor;
    const wanted = source.kind === 'variable' ? source.name : (source.origins[0]?.name ?? 'tensor');
    const known = this.#initializers.get(tensor) ?? new Map<string, string>();
    this.#initializers.set(tensor, known);
    const key = String(axes);
    const name = known.get(key) ?? this.name(wanted);
    known.set(key, name);
    this.#weights.set(name, async () => {
      const values = await readVariable(tensor as tf.Variable, axes);
      this.graph.constant(name, shape, values);
    });
    return name;
  }

  #formsOf(value: TracedValue): Forms {
    const known = this.#forms.get(value);
    if (known) return known;
    const { source, shape } = value;
    if (source.kind === 'node') {
      this.emitReshape(source.node);
      return this.#forms.get(value)!;
    }
    const forms: Forms = {};
    this.#forms.set(value, forms);
    if (source.kind === 'variable' || source.kind === 'tensor')
      forms.plain = this.#initializer(source, shape);
    else if (source.kind === 'constant') {
      forms.plain = this.graph.constant(this.name('constant'), shape, source.values as Float32Array);
    }
    return forms;
  }
}

/** Kernels with attributes that are shapes of what they give: their translations see to sizes that may be any. */
const shaped = new Set(
  'Reshape Slice StridedSlice SplitV BroadcastTo Conv2DBackpropInput ResizeBilinear ResizeNearestNeighbor'.split(
    ' ',
  ),
);

/** Numbers that a kernel computes with, besides those of tensors that are computed. */
function numbersOf({ kernel, attributes, inputs }: TracedNode): string {
  const constants = Object.values(inputs).map(({ shape, source }) =>
    source.kind === 'constant' ? [shape, Array.from(source.values as ArrayLike<number>)] : [],
  );
  return JSON.stringify([shaped.has(kernel) ? {} : attributes, constants]);
}

/** The error of a kernel that cannot be translated. */
export function cannot({ kernel, call }: TracedNode, why: string): ArgumentError {
  return new ArgumentError(
    `${placeOf(call)} runs the kernel ${kernel}, which ${why}; exportOnnx cannot translate it.`,
  );
}
