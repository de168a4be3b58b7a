import * as tf from '@tensorflow/tfjs-core';
import type { TracedNode, TracedValue } from '../../graph/trace.js';
import type { Emitter, Translation } from './emitter.js';
import { cannot, planarAxis } from './values.js';

/** Where a slice goes to the end; where it goes backwards to the start, the negative of it. */
const END = 2 ** 31 - 1;

/** Which values of an axis are taken: from `begin` on until before `end`. */
interface Range {
  readonly begin: number;
  readonly end: number;
  readonly stride: number;
  /** Of the axis. */
  readonly size: number;
}

/** Kernels that take a part of a tensor. */
export const slices: Readonly<Record<string, Translation>> = {
  Slice: (emitter, node) => slice(emitter, node, rangesOfSlice),
  StridedSlice: (emitter, node) => slice(emitter, node, rangesOfStridedSlice),
  Reverse: (emitter, node) => slice(emitter, node, rangesOfReverse),
};

function slice(emitter: Emitter, node: TracedNode, rangesOf: (node: TracedNode) => Range[]): void {
  const { values } = emitter;
  const x = node.inputs.x!;
  const [output] = node.outputs as [TracedValue];
  const others = rangesOf(values.otherNode(node));
  const parts = rangesOf(node)
    .map((range, axis) => ({ ...placesOf(node, range, others[axis]!), axis }))
    .filter(({ begin, end, stride }) => begin !== 0 || end !== END || stride !== 1);
  const isPlanar = values.isPlanar(x) && output.shape.length === x.shape.length;
  let name = emitter.input(x, isPlanar);
  if (parts.length > 0) {
    const lists = [
      parts.map(({ begin }) => begin),
      parts.map(({ end }) => end),
      parts.map(({ axis }) => (isPlanar ? planarAxis[axis]! : axis)),
      parts.map(({ stride }) => stride),
    ];
    name = emitter.add(node, 'Slice', [name, ...lists.map((list) => values.integers(list))]);
  }
  if (output.shape.length !== x.shape.length) name = inShape(emitter, node, name);
  if (parts.length === 0 && output.shape.length === x.shape.length) return values.alias(output, x);
  emitter.set(output, name, isPlanar);
}

/** A strided slice may take axes away, or add some. */
function inShape(emitter: Emitter, node: TracedNode, name: string): string {
  const { values } = emitter;
  const [output] = node.outputs as [TracedValue];
  const sizes = output.shape.map((size, axis) => (values.isDynamic(output, axis) ? -1 : size));
  if (sizes.filter((size) => size === -1).length > 1)
    throw cannot(node, 'gives a shape with two sizes that may be any');
  return emitter.add(node, 'Reshape', [name, values.integers(sizes)]);
}

/** The places of a range in ONNX: counted from the end where that is what two inputs of other sizes have in common. */
function placesOf(node: TracedNode, range: Range, other: Range): Omit<Range, 'size'> {
  const { stride } = range;
  const common = (place: number, otherPlace: number): number => {
    if (place === otherPlace) return place;
    if (place - range.size === otherPlace - other.size) return place - range.size;
    throw cannot(node, 'cuts an axis whose size may be any');
  };
  if (stride < 0) {
    const end = range.end < 0 ? -END : common(range.end, other.end);
    return { begin: common(range.begin, other.begin), end, stride };
  }
  const isToEnd = range.end === range.size && other.end === other.size;
  return {
    begin: common(range.begin, other.begin),
    end: isToEnd ? END : common(range.end, other.end),
    stride,
  };
}

function rangesOfSlice({ inputs, attributes }: TracedNode): Range[] {
  const { shape } = inputs.x!;
  const { begin, size } = attributes as { begin: number[]; size: number[] };
  const x = { shape, rank: shape.length } as tf.Tensor;
  const [begins, sizes] = tf.slice_util.parseSliceParams(x, begin, size) as [number[], number[]];
  return begins.map((begin, axis) => ({ begin, end: begin + sizes[axis]!, stride: 1, size: shape[axis]! }));
}

function rangesOfStridedSlice({ inputs, attributes }: TracedNode): Range[] {
  const shape = [...inputs.x!.shape];
  const given = attributes as unknown as Record<'begin' | 'end' | 'strides', number[]> &
    Record<'beginMask' | 'endMask' | 'ellipsisMask' | 'newAxisMask' | 'shrinkAxisMask', number>;
  const { begin, end, strides } = tf.slice_util.sliceInfo(
    shape,
    given.begin,
    given.end,
    given.strides,
    given.beginMask,
    given.endMask,
    given.ellipsisMask,
    given.newAxisMask,
    given.shrinkAxisMask,
  );
  return begin.map((begin, axis) => ({ begin, end: end[axis]!, stride: strides[axis]!, size: shape[axis]! }));
}

function rangesOfReverse({ inputs, attributes }: TracedNode): Range[] {
  const shape = [...inputs.x!.shape];
  const axes = tf.util.parseAxisParam(attributes.dims as number[], shape);
  return shape.map((size, axis) =>
    axes.includes(axis)
      ? { begin: size - 1, end: -1, stride: -1, size }
      : { begin: 0, end: size, stride: 1, size },
  );
}
