import type { Trace, TracedNode, TracedValue } from '../../graph/trace.js';
import { arrangement, reshape } from './arrangement.js';
import { elementwise } from './elementwise.js';
import { Emitter, type Attributes, type Translation } from './emitter.js';
import type { OnnxGraph } from './graph.js';
import { images } from './images.js';
import { reductions } from './reductions.js';
import { slices } from './slices.js';
import { cannot, type Values } from './values.js';

/** By the names of tfjs's kernels. */
const translations: Readonly<Record<string, Translation>> = {
  ...elementwise,
  ...reductions,
  ...images,
  ...arrangement,
  ...slices,
  // Added where a value of it is used: many only show a matrix to a kernel.
  Reshape: () => {},
  ExpandDims: () => {},
};

/**
 * Turns the kernels of a trace that its outputs need into nodes of a graph, and gives the outputs their names.
 * @param other - The trace of inputs of other sizes.
 * @returns the names of the values; the weights are yet to be read.
 * @throws ArgumentError where a kernel cannot be translated.
 */
export function translate(graph: OnnxGraph, trace: Trace, other: Trace): Values {
  const emitter = new Emitter(graph, trace, other, reshape);
  for (const node of neededNodes(trace)) {
    const translation = translations[node.kernel];
    if (!translation) throw cannot(node, 'has no operator of ONNX here');
    emitter.values.checkNumbers(node);
    translation(emitter, node, node.attributes as Attributes);
  }
  const { values } = emitter;
  for (const [name, value] of Object.entries(trace.outputs)) {
    const found = emitter.input(value, value.shape.length === 4);
    const unique = values.name(name);
    if (!graph.rename(found, unique)) graph.node('Identity', [found], unique);
  }
  return values;
}

/** Those that an output needs, in the order in which they ran. */
function neededNodes({ nodes, outputs }: Trace): TracedNode[] {
  const needed: TracedNode[] = [];
  const isNeeded = new Set<TracedValue>(Object.values(outputs));
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((value) => isNeeded.has(value))) continue;
    needed.push(node);
    for (const value of Object.values(node.inputs)) isNeeded.add(value);
  }
  return needed.reverse();
}
