import type { TracedNode, TracedValue } from '../../graph/trace.js';
import { axisOf, type Attributes, type Emitter, type Translation } from './emitter.js';
import { elementTypes, type OnnxAttribute } from './graph.js';
import { cannot, planarAxis } from './values.js';

/** Kernels that put values in other places. */
export const arrangement: Readonly<Record<string, Translation>> = {
  Concat: concat,
  SplitV: split,
  Pack: pack,
  Unpack: unpack,
  PadV2: (emitter, node, { paddings, constantValue }) => {
    const value = constantValue ? [emitter.values.scalar(constantValue)] : [];
    pad(emitter, node, paddings, value, {});
  },
  MirrorPad: mirrorPad,
  Transpose: (emitter, node, { perm }) => {
    const x = emitter.values.plain(node.inputs.x!);
    emitter.values.setPlain(node.outputs[0]!, emitter.add(node, 'Transpose', [x], { perm }));
  },
  Tile: (emitter, node, { reps }) => repeat(emitter, node, 'Tile', reps as number[]),
  BroadcastTo: broadcastTo,
  GatherV2: (emitter, node, { axis, batchDims }) => {
    if (batchDims) throw cannot(node, 'gathers in batches');
    const { x, indices } = node.inputs;
    const inputs = [emitter.values.plain(x!), emitter.values.plain(indices!)];
    const at = axisOf(axis as number, x!.shape.length);
    emitter.values.setPlain(node.outputs[0]!, emitter.add(node, 'Gather', inputs, { axis: at }));
  },
  OneHot: oneHot,
  SpaceToBatchND: spaceToBatch,
  BatchToSpaceND: batchToSpace,
};

function concat(emitter: Emitter, node: TracedNode, { axis }: Attributes): void {
  const parts = Object.values(node.inputs);
  const isPlanar = parts.some((part) => emitter.values.isPlanar(part));
  const names = parts.map((part) => emitter.input(part, isPlanar));
  const at = axisOf(axis as number, parts[0]!.shape.length);
  const name = emitter.add(node, 'Concat', names, { axis: isPlanar ? planarAxis[at]! : at });
  emitter.set(node.outputs[0]!, name, isPlanar);
}

function split(emitter: Emitter, node: TracedNode, { axis }: Attributes): void {
  const { values } = emitter;
  const x = node.inputs.x!;
  const isPlanar = values.isPlanar(x);
  const at = axisOf(axis as number, x.shape.length);
  if (values.isDynamic(x, at)) throw cannot(node, 'splits an axis whose size may be any');
  const names = node.outputs.map(() => emitter.name(node));
  const sizes = values.integers(node.outputs.map(({ shape }) => shape[at]!));
  const attributes = { axis: isPlanar ? planarAxis[at]! : at };
  emitter.graph.node('Split', [emitter.input(x, isPlanar), sizes], names, attributes);
  node.outputs.forEach((output, i) => emitter.set(output, names[i]!, isPlanar));
}

function pack(emitter: Emitter, node: TracedNode, { axis }: Attributes): void {
  const { values } = emitter;
  const at = axisOf(axis as number, node.outputs[0]!.shape.length);
  const axes = values.integers([at]);
  const parts = Object.values(node.inputs).map((part) => {
    const x = values.plain(part);
    return emitter.graph.node('Unsqueeze', [x, axes], values.name(`${x}.unsqueezed`));
  });
  values.setPlain(node.outputs[0]!, emitter.add(node, 'Concat', parts, { axis: at }));
}

function unpack(emitter: Emitter, node: TracedNode, { axis }: Attributes): void {
  const { values } = emitter;
  const { value } = node.inputs;
  const at = axisOf(axis as number, value!.shape.length);
  if (values.isDynamic(value!, at)) throw cannot(node, 'takes an axis apart whose size may be any');
  const parts = node.outputs.map(() => emitter.name(node));
  const sizes = values.integers(node.outputs.map(() => 1));
  emitter.graph.node('Split', [values.plain(value!), sizes], parts, { axis: at });
  const axes = values.integers([at]);
  node.outputs.forEach((output, i) =>
    values.setPlain(output, emitter.add(node, 'Squeeze', [parts[i]!, axes])),
  );
}

type Paddings = readonly (readonly [before: number, after: number])[];

function pad(
  emitter: Emitter,
  node: TracedNode,
  paddings: Paddings,
  value: readonly string[],
  attributes: Readonly<Record<string, OnnxAttribute>>,
): void {
  const x = node.inputs.x!;
  const isPlanar = emitter.values.isPlanar(x);
  const ordered = isPlanar ? reordered(paddings) : paddings;
  const sizes = emitter.values.integers([
    ...ordered.map(([before]) => before),
    ...ordered.map(([, after]) => after),
  ]);
  const inputs = [emitter.input(x, isPlanar), sizes, ...value];
  emitter.set(node.outputs[0]!, emitter.add(node, 'Pad', inputs, attributes), isPlanar);
}

/** ONNX mirrors without the edge only: with it, the places that each axis takes its values from are gathered. */
function mirrorPad(emitter: Emitter, node: TracedNode, { paddings, mode }: Attributes): void {
  if (mode === 'reflect') return pad(emitter, node, paddings as Paddings, [], { mode });
  const { graph, values } = emitter;
  const x = node.inputs.x!;
  const isPlanar = values.isPlanar(x);
  let name = emitter.input(x, isPlanar);
  for (const [axis, [before, after]] of (paddings as Paddings).entries()) {
    if (before === 0 && after === 0) continue;
    if (values.isDynamic(x, axis)) throw cannot(node, 'mirrors an axis whose size may be any');
    const size = x.shape[axis]!;
    const places = Array.from({ length: before + size + after }, (_, i) => {
      const at = i - before;
      return at < 0 ? -1 - at : at < size ? at : 2 * size - 1 - at;
    });
    const inputs = [name, values.integers(places)];
    name = graph.node('Gather', inputs, emitter.name(node), { axis: isPlanar ? planarAxis[axis]! : axis });
  }
  emitter.set(node.outputs[0]!, name, isPlanar);
}

/** An operator that takes a number for each axis. */
function repeat(emitter: Emitter, node: TracedNode, operator: string, numbers: readonly number[]): void {
  const x = node.inputs.x!;
  const isPlanar = emitter.values.isPlanar(x);
  const list = emitter.values.integers(isPlanar ? reordered(numbers) : numbers);
  const name = emitter.add(node, operator, [emitter.input(x, isPlanar), list]);
  emitter.set(node.outputs[0]!, name, isPlanar);
}

function broadcastTo(emitter: Emitter, node: TracedNode): void {
  const [output] = node.outputs as [TracedValue];
  const x = node.inputs.x!;
  const { values } = emitter;
  const offset = output.shape.length - x.shape.length;
  const sizes = output.shape.map((size, axis) => {
    if (!values.isDynamic(output, axis)) return size;
    // A size of 1 keeps what there is.
    if (axis >= offset && values.isDynamic(x, axis - offset)) return 1;
    throw cannot(node, 'repeats values as often as there are examples');
  });
  values.setPlain(output, emitter.add(node, 'Expand', [values.plain(x), values.integers(sizes)]));
}

/** ONNX Runtime has it for indices of 64 bits and values of type float32. */
function oneHot(emitter: Emitter, node: TracedNode, { depth, onValue, offValue }: Attributes): void {
  const { graph, values } = emitter;
  const [{ dtype }] = node.outputs as [TracedValue];
  const name = emitter.name(node);
  const pair = graph.constant(values.name(`${name}.values`), [2], Float32Array.of(offValue, onValue));
  const places = emitter.add(node, 'Cast', [values.plain(node.inputs.indices!)], { to: elementTypes.int64 });
  const inputs = [places, values.integers([depth as number]), pair];
  const vectors = graph.node('OneHot', inputs, name, { axis: -1 });
  const to = elementTypes[dtype as 'float32'];
  values.setPlain(
    node.outputs[0]!,
    dtype === 'float32' ? vectors : emitter.add(node, 'Cast', [vectors], { to }),
  );
}

/** [N, H, W, …] → [N * blocks, H / block, W / block, …], padded before. */
function spaceToBatch(emitter: Emitter, node: TracedNode, { blockShape, paddings }: Attributes): void {
  const { values } = emitter;
  const x = node.inputs.x!;
  const [output] = node.outputs as [TracedValue];
  const blocks = blockShape as number[];
  checkSides(emitter, node, x, blocks.length);
  const none = [0, 0] as const;
  const rest = x.shape.slice(blocks.length + 1);
  const all = [none, ...(paddings as Paddings), ...rest.map(() => none)];
  const pads = values.integers([...all.map(([before]) => before), ...all.map(([, after]) => after)]);
  const padded = emitter.add(node, 'Pad', [values.plain(x), pads]);
  const sides = blocks.flatMap((block, i) => [output.shape[i + 1]!, block]);
  // 0 keeps the batch.
  const apart = emitter.add(node, 'Reshape', [padded, values.integers([0, ...sides, ...rest])]);
  const count = blocks.length;
  const perm = [
    ...blocks.map((_, i) => 2 * i + 2),
    0,
    ...blocks.map((_, i) => 2 * i + 1),
    ...rest.map((_, i) => 2 * count + 1 + i),
  ];
  const turned = emitter.add(node, 'Transpose', [apart], { perm });
  const shape = values.integers([-1, ...output.shape.slice(1)]);
  values.setPlain(output, emitter.add(node, 'Reshape', [turned, shape]));
}

/** What {@link spaceToBatch} undoes, cropped after. */
function batchToSpace(emitter: Emitter, node: TracedNode, { blockShape, crops }: Attributes): void {
  const { values } = emitter;
  const x = node.inputs.x!;
  const [output] = node.outputs as [TracedValue];
  const blocks = blockShape as number[];
  const count = blocks.length;
  checkSides(emitter, node, x, count);
  const rest = x.shape.slice(count + 1);
  const sides = x.shape.slice(1, count + 1);
  const shape = values.integers([...blocks, -1, ...sides, ...rest]);
  const apart = emitter.add(node, 'Reshape', [values.plain(x), shape]);
  const perm = [
    count,
    ...blocks.flatMap((_, i) => [count + 1 + i, i]),
    ...rest.map((_, i) => 2 * count + 1 + i),
  ];
  const turned = emitter.add(node, 'Transpose', [apart], { perm });
  const whole = sides.map((side, i) => side * blocks[i]!);
  const joined = emitter.add(node, 'Reshape', [turned, values.integers([-1, ...whole, ...rest])]);
  const begins = (crops as Paddings).map(([before]) => before);
  const ends = (crops as Paddings).map(([, after], i) => whole[i]! - after);
  const axes = values.integers(blocks.map((_, i) => i + 1));
  const inputs = [joined, values.integers(begins), values.integers(ends), axes];
  values.setPlain(output, emitter.add(node, 'Slice', inputs));
}

function checkSides({ values }: Emitter, node: TracedNode, x: TracedValue, count: number): void {
  for (let axis = 1; axis <= count; axis++)
    if (values.isDynamic(x, axis)) throw cannot(node, 'takes images apart whose size may be any');
}

/** Adds a Reshape, or finds that none is needed. */
export function reshape(emitter: Emitter, node: TracedNode): void {
  const { values } = emitter;
  const [x] = Object.values(node.inputs) as [TracedValue];
  const [output] = node.outputs as [TracedValue];
  const matrix = values.matrix(x);
  const { shape } = output;
  const other = values.otherShape(output);
  if (matrix !== undefined && shape.length === 2 && x.shape.length === 3)
    return values.setPlain(output, matrix);
  const isSame = String(shape) === String(x.shape) && String(other) === String(values.otherShape(x));
  if (isSame) return values.alias(output, x);
  const isOnePixel = x.shape.length === 4 && x.shape[1] === 1 && x.shape[2] === 1;
  if (isOnePixel && values.isPlanar(x) && shape.length === 2 && shape[1] === x.shape[3])
    return values.setPlain(output, emitter.add(node, 'Flatten', [values.planar(x)]));
  // A 0 keeps a size, and one -1 is what is left.
  const isKept = (axis: number) =>
    shape[axis] === x.shape[axis] && other[axis] === values.otherShape(x)[axis];
  const sizes = shape.map((size, axis) => (!values.isDynamic(output, axis) ? size : isKept(axis) ? 0 : -1));
  if (sizes.filter((size) => size === -1).length > 1)
    throw cannot(node, 'gives a shape with two sizes that may be any');
  values.setPlain(output, emitter.add(node, 'Reshape', [values.plain(x), values.integers(sizes)]));
}

/** A list for the axes of NHWC in the order of NCHW. */
function reordered<T>(list: readonly T[]): T[] {
  return [list[0]!, list[3]!, list[1]!, list[2]!];
}
