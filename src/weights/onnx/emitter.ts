import type { Trace, TracedNode, TracedValue } from '../../graph/trace.js';
import type { OnnxAttribute, OnnxGraph } from './graph.js';
import { planarAxis, Values } from './values.js';

/** Attributes of a kernel of tfjs. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Attributes = Record<string, any>;

/** Adds what a kernel does to the graph, and names its outputs. */
export type Translation = (emitter: Emitter, node: TracedNode, attributes: Attributes) => void;

type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

/** What translations of kernels have in common: operators whose axes are in the order NCHW wherever an input's are. */
export class Emitter {
  readonly values: Values;

  /**
   * @param other - The trace of inputs of other sizes.
   * @param reshape - Translates a Reshape, which is added where its value is used.
   */
  constructor(
    readonly graph: OnnxGraph,
    trace: Trace,
    other: Trace,
    reshape: (emitter: Emitter, node: TracedNode) => void,
  ) {
    this.values = new Values(graph, trace, other, (node) => reshape(this, node));
  }

  /** A name for an output of a node, after the module that ran it. */
  name({ call, kernel }: TracedNode): string {
    return this.values.name(call.path ? `${call.path}.${kernel}` : kernel);
  }

  /** Adds an operator; its output gets the name of the node. */
  add(
    node: TracedNode,
    operator: string,
    inputs: readonly string[],
    attributes: OnnxAttributes = {},
    name = this.name(node),
  ): string {
    return this.graph.node(operator, inputs, name, attributes);
  }

  /** The name of a value, in the order NCHW or as tfjs has it. */
  input(value: TracedValue, isPlanar: boolean): string {
    return isPlanar ? this.values.planar(value) : this.values.plain(value);
  }

  /** Says what an output of a kernel is called, and in which order its axes are. */
  set(value: TracedValue, name: string, isPlanar: boolean): void {
    if (isPlanar) this.values.setPlanar(value, name);
    else this.values.setPlain(value, name);
  }

  /** An operator of one tensor, in whichever order its axes are. */
  each(
    node: TracedNode,
    operator: string,
    attributes: OnnxAttributes = {},
    more: readonly string[] = [],
  ): void {
    this.composed(node, (x, name) => this.graph.node(operator, [x, ...more], name, attributes));
  }

  /** As {@link each}, of several operators. */
  composed(node: TracedNode, compose: (x: string, name: string) => string): void {
    const [x] = Object.values(node.inputs) as [TracedValue];
    const isPlanar = this.values.isPlanar(x);
    this.set(node.outputs[0]!, compose(this.input(x, isPlanar), this.name(node)), isPlanar);
  }

  /** An operator of tensors that are broadcast: of NCHW where one of them is. */
  broadcast(node: TracedNode, operator: string, then?: (y: string, name: string) => string): void {
    const inputs = Object.values(node.inputs);
    const isPlanar = node.outputs[0]!.shape.length === 4 && inputs.some((x) => this.values.isPlanar(x));
    const names = inputs.map((x) => this.input(x, isPlanar));
    const name = this.name(node);
    const first = this.graph.node(operator, names, then ? this.values.name(`${name}.${operator}`) : name);
    this.set(node.outputs[0]!, then ? then(first, name) : first, isPlanar);
  }

  /** An operator along one axis. */
  along(
    node: TracedNode,
    axis: number,
    apply: (x: string, axis: number, name: string) => string,
    x = Object.values(node.inputs)[0]!,
  ): void {
    const isPlanar = this.values.isPlanar(x);
    const at = axisOf(axis, x.shape.length);
    const name = apply(this.input(x, isPlanar), isPlanar ? planarAxis[at]! : at, this.name(node));
    this.set(node.outputs[0]!, name, isPlanar);
  }
}

/** An axis counted from the start. */
export function axisOf(axis: number, rank: number): number {
  return axis < 0 ? rank + axis : axis;
}
