import * as tf from '@tensorflow/tfjs-core';
import type { WebgpuBackend } from '../backend.js';
import type { Kernel, Kernels } from '../kernel.js';
import { allocateList, gather, layoutOf, pitchOf, withGathered } from '../lists.js';
import { flatWorkgroups } from '../wgsl/buffers.js';
import {
  rootSource,
  RULE_ROWS,
  scaledSumsSource,
  SQUARE_SUMS,
  squaresSource,
  updateSource,
  type UpdateProgram,
} from '../wgsl/optimizers.js';

// Kernels that tfjs does not have: of many tensors, most of which change them in place; see `core/kernels.ts`.

/** What a table says of a tensor. */
interface Entry {
  readonly shape: number[];
  readonly rate?: number;
  readonly decay?: number;
  readonly keep?: number;
}

/** The table of `wgsl/optimizers.ts`, as a tensor. */
function tableOf(backend: WebgpuBackend, rule: readonly number[], entries: readonly Entry[]): tf.TensorInfo {
  const floats = new Float32Array(4 * (RULE_ROWS + 2 * entries.length));
  const words = new Uint32Array(floats.buffer);
  floats.set(rule);
  const { starts } = layoutOf(entries.map(({ shape }) => shape));
  entries.forEach(({ shape, rate = 0, decay = 0, keep = 1 }, i) => {
    const at = 4 * (RULE_ROWS + 2 * i);
    words.set([starts[i]! / 4, tf.util.sizeFromShape(shape)], at);
    floats.set([rate, decay, keep], at + 2);
  });
  return backend.makeTensorInfo([floats.length], 'float32', floats);
}

/** Parts of a list, each of which fits into a buffer that a program may bind. */
function parts<T>(backend: WebgpuBackend, list: readonly T[], sizeOf: (each: T) => number): T[][] {
  const { maxStorageBufferBindingSize, maxBufferSize } = backend.device.limits;
  const most = Math.min(maxStorageBufferBindingSize, maxBufferSize) / 4;
  const all: T[][] = [];
  let length = Infinity;
  for (const each of list) {
    const size = pitchOf(sizeOf(each));
    if (length + size > most) [length] = [0, all.push([])];
    all.at(-1)!.push(each);
    length += size;
  }
  return all;
}

const sizeOf = ({ shape }: tf.TensorInfo) => tf.util.sizeFromShape(shape);

/** A variable with its slots and its gradient, and what an update does with it. */
interface Updated extends Entry {
  readonly changed: readonly tf.TensorInfo[];
  readonly gradient: tf.TensorInfo;
}

function updatedOf({ inputs, attrs }: Parameters<Kernel>[0]): Updated[] {
  const tensors = Object.values(inputs) as tf.TensorInfo[];
  const { rates, decays, keeps } = attrs as Record<string, number[]>;
  const each = tensors.length / rates!.length;
  return rates!.map((rate, i) => {
    const changed = tensors.slice(i * each, (i + 1) * each - 1);
    const gradient = tensors[(i + 1) * each - 1]!;
    return { changed, gradient, shape: gradient.shape, rate, decay: decays![i]!, keep: keeps![i]! };
  });
}

/** A kernel that changes variables and their slots; `rule` gives the numbers of the attributes. */
function step(
  name: 'SGDStep' | 'AdamStep' | 'RMSPropStep' | 'MovingAverageStep',
  rule: (attrs: Attributes) => number[],
): Kernel {
  return (args) => {
    const { backend, attrs } = args;
    for (const part of parts(backend, updatedOf(args), ({ gradient }) => sizeOf(gradient))) {
      const slots = part[0]!.changed.length - 1;
      const hasMomentum = slots > 0 && (name === 'SGDStep' || slots > 1);
      const program: UpdateProgram =
        hasMomentum && name !== 'AdamStep' ? (`${name} momentum` as UpdateProgram) : name;
      for (const { dataId } of part.flatMap(({ changed }) => changed)) backend.forgetValues(dataId);
      const changed = part[0]!.changed.map((_, i) =>
        gather(
          backend,
          part.map(({ changed }) => changed[i]!),
        ),
      );
      const table = tableOf(backend, rule(attrs as Attributes), part);
      const source = () => updateSource(program);
      const workgroups = flatWorkgroups(changed[0]!.size / 16);
      withGathered(
        backend,
        part.map(({ gradient }) => gradient),
        (gradients) => backend.run({ key: program, source, workgroups }, [table, gradients, ...changed]),
      );
      backend.disposeData(table.dataId);
    }
    return [];
  };
}

type Attributes = Readonly<Record<string, number>>;

const globalNorm: Kernel = ({ inputs, backend }) => {
  const tensors = Object.values(inputs) as tf.TensorInfo[];
  const groups = parts(backend, tensors, sizeOf);
  const { buffer, tensors: sums } = allocateList(
    backend,
    groups.map(() => [SQUARE_SUMS]),
  );
  groups.forEach((group, i) => {
    const table = tableOf(backend, [], group);
    const program = { key: 'squares', source: squaresSource, workgroups: [SQUARE_SUMS, 1, 1] as const };
    withGathered(backend, group, (xs) => backend.run(program, [table, xs, sums[i]!]));
    backend.disposeData(table.dataId);
  });
  const norm = backend.allocate([]);
  backend.run({ key: 'root', source: rootSource, workgroups: [1, 1, 1] }, [buffer, norm]);
  for (const { dataId } of sums) backend.disposeData(dataId);
  return norm;
};

const scaledSums: Kernel = ({ inputs, backend, attrs }) => {
  const [factor, ...rest] = Object.values(inputs) as [tf.TensorInfo, ...tf.TensorInfo[]];
  const adds = Boolean(attrs['adds']);
  const count = adds ? rest.length / 2 : rest.length;
  const pairs = rest.slice(0, count).map((x, i) => ({ x, y: rest[count + i] }));
  return parts(backend, pairs, ({ x }) => sizeOf(x)).flatMap((part) => {
    const { buffer, tensors } = allocateList(
      backend,
      part.map(({ x }) => x.shape),
    );
    const program = {
      key: `scaled sums ${adds}`,
      source: () => scaledSumsSource(adds),
      workgroups: flatWorkgroups(buffer.size / 16),
    };
    withGathered(
      backend,
      part.map(({ x }) => x),
      (xs) => {
        if (!adds) return backend.run(program, [factor, xs, buffer]);
        withGathered(
          backend,
          part.map(({ y }) => y!),
          (ys) => backend.run(program, [factor, xs, ys, buffer]),
        );
      },
    );
    return tensors;
  });
};

/** Steps of optimizers and of a moving average, and what is computed of all gradients together. */
export const optimizerKernels: Kernels = {
  SGDStep: step('SGDStep', ({ momentum, nesterov }) => [momentum!, nesterov!]),
  AdamStep: step('AdamStep', ({ beta1, beta2, meanScale, rootScale, epsilon }) => [
    ...[beta1!, 1 - beta1!, beta2!, 1 - beta2!],
    ...[meanScale!, rootScale!, epsilon!],
  ]),
  RMSPropStep: step('RMSPropStep', ({ rho, momentum, epsilon }) => [rho!, 1 - rho!, momentum!, epsilon!]),
  MovingAverageStep: step('MovingAverageStep', () => []),
  GlobalNorm: globalNorm,
  ScaledSums: scaledSums,
};
