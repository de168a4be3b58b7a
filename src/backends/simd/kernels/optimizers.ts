import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../backend.js';
import type { Kernel, Kernels } from '../kernel.js';
import {
  ADAM_STEP,
  AVERAGE_STEP,
  LAMB_MOMENTS,
  LAMB_STEP,
  RMS_PROP_STEP,
  SCALED_SUMS,
  SGD_STEP,
  SUM_SQUARES,
} from '../kernel-ids.js';
import { float } from '../runtime.js';

// Kernels that tfjs does not have: of many tensors, most of which change them in place; see `core/kernels.ts`.

/** Floats that are worth a separate chunk. */
const CHUNK = 16384;
/** Numbers of four bytes of an entry of the table; see `assembly/optimizers.ts`. */
const ENTRY = 9;
/** The place of the learning rate in an entry. */
const RATE = 6;

/** What a job does with one tensor of a list. Addresses; those that are missing are 0. */
interface Entry {
  readonly variable?: number;
  readonly first?: number;
  readonly second?: number;
  readonly gradient: number;
  readonly size: number;
  readonly rate?: number;
  readonly decay?: number;
  readonly keep?: number;
}

/** A table of entries in memory, and what the jobs over it need. */
interface Table {
  readonly chunks: number;
  /** The first chunk of each entry, and last the number of all. */
  readonly firsts: readonly number[];
  /** The table itself. */
  readonly values: Int32Array;
  /** Runs a job over all tensors. */
  readonly run: (job: number, args: readonly number[]) => void;
}

/** Lends a table, with `more` bytes behind it, for the time of one call. */
function withTable<T>(
  backend: SimdBackend,
  entries: readonly Entry[],
  more: (chunks: number) => number,
  use: (table: Table, space: number) => T,
): T {
  const firsts = [0];
  for (const { size } of entries) firsts.push(firsts.at(-1)! + Math.ceil(size / CHUNK));
  const chunks = firsts.at(-1)!;
  const bytes = Math.ceil((entries.length * ENTRY * 4) / 16) * 16;
  return backend.lend(bytes + more(chunks), 'a table of tensors', (address) => {
    const values = new Int32Array(backend.runtime.memory.buffer, address, entries.length * ENTRY);
    entries.forEach((entry, i) => {
      const { variable = 0, first = 0, second = 0, gradient, size, rate = 0, decay = 0, keep = 1 } = entry;
      const floats = [rate, decay, keep].map(float);
      values.set([variable, first, second, gradient, size, firsts[i]!, ...floats], i * ENTRY);
    });
    const run = (job: number, args: readonly number[]) =>
      backend.runtime.run(job, chunks, [address, entries.length, CHUNK, ...args]);
    return use({ chunks, firsts, values, run }, address + bytes);
  });
}

const sizeOf = ({ shape }: tf.TensorInfo) => tf.util.sizeFromShape(shape);

type Attributes = Readonly<Record<string, number>>;

/** The entries of an update: of each variable, itself, its slots and its gradient. */
function updated({ inputs, backend, attrs }: Parameters<Kernel>[0]): Entry[] {
  const tensors = Object.values(inputs) as tf.TensorInfo[];
  const { rates, decays, keeps } = attrs as Record<string, number[]>;
  const each = tensors.length / rates!.length;
  return rates!.map((rate, i) => {
    const group = tensors.slice(i * each, (i + 1) * each);
    const [variable, first = 0, second = 0] = group.slice(0, -1).map((t) => backend.addressToChange(t));
    const gradient = group.at(-1)!;
    const common = { rate, decay: decays![i]!, keep: keeps![i]!, size: sizeOf(gradient) };
    return { variable: variable!, first, second, gradient: backend.address(gradient), ...common };
  });
}

/** A kernel that changes variables and their slots; `args` are those that its rule has. */
function step(job: number, args: (attrs: Attributes) => number[]): Kernel {
  return (kernel) => {
    const none = () => 0;
    const rule = args(kernel.attrs as Attributes);
    withTable(kernel.backend, updated(kernel), none, ({ run }) => run(job, rule));
    return [];
  };
}

const sgd = step(SGD_STEP, ({ momentum, nesterov }) => [float(momentum!), Number(nesterov)]);

const adamArguments = ({ beta1, beta2, meanScale, rootScale, epsilon }: Attributes) =>
  [beta1!, 1 - beta1!, beta2!, 1 - beta2!, meanScale!, rootScale!, epsilon!].map(float);

const rmsProp = step(RMS_PROP_STEP, ({ rho, momentum, epsilon }) =>
  [rho!, 1 - rho!, momentum!, epsilon!].map(float),
);

const lamb: Kernel = (args) => {
  const { backend, attrs } = args;
  const entries = updated(args);
  const rule = adamArguments(attrs as Attributes);
  withTable(
    backend,
    entries,
    (chunks) => chunks * 16,
    ({ chunks, firsts, values, run }, space) => {
      run(LAMB_MOMENTS, [...rule, space]);
      const sums = new Float64Array(backend.runtime.memory.buffer, space, chunks * 2);
      entries.forEach(({ rate = 0, decay }, i) => {
        if (!decay) return;
        let [weights, change] = [0, 0];
        for (let chunk = firsts[i]!; chunk < firsts[i + 1]!; chunk++) {
          weights += sums[chunk * 2]!;
          change += sums[chunk * 2 + 1]!;
        }
        const trust = weights > 0 && change > 0 ? Math.sqrt(weights / change) : 1;
        values[i * ENTRY + RATE] = float(rate * trust);
      });
      run(LAMB_STEP, rule);
    },
  );
  return [];
};

const globalNorm: Kernel = ({ inputs, backend }) => {
  const tensors = Object.values(inputs) as tf.TensorInfo[];
  const out = backend.allocate([], 'float32');
  const entries = tensors.map((tensor) => ({ gradient: backend.address(tensor), size: sizeOf(tensor) }));
  withTable(
    backend,
    entries,
    (chunks) => chunks * 8,
    ({ chunks, run }, space) => {
      run(SUM_SQUARES, [space]);
      const sums = new Float64Array(backend.runtime.memory.buffer, space, chunks);
      backend.fill(out, Math.sqrt(sums.reduce((a, b) => a + b, 0)));
    },
  );
  return out;
};

const scaledSums: Kernel = ({ inputs, backend, attrs }) => {
  const [factor, ...rest] = Object.values(inputs) as [tf.TensorInfo, ...tf.TensorInfo[]];
  const rate = backend.floats(backend.address(factor), 1)[0]!;
  const tensors = attrs['adds'] ? rest.slice(0, rest.length / 2) : rest;
  const outputs = tensors.map(({ shape }) => backend.allocate(shape, 'float32'));
  const entries = tensors.map((tensor, i) => ({
    variable: backend.address(outputs[i]!),
    first: attrs['adds'] ? backend.address(rest[tensors.length + i]!) : 0,
    gradient: backend.address(tensor),
    size: sizeOf(tensor),
    rate,
  }));
  const none = () => 0;
  withTable(backend, entries, none, ({ run }) => run(SCALED_SUMS, []));
  return outputs;
};

/** Steps of optimizers and of a moving average, and what is computed of all gradients together. */
export const optimizerKernels: Kernels = {
  SGDStep: sgd,
  AdamStep: step(ADAM_STEP, adamArguments),
  LAMBStep: lamb,
  RMSPropStep: rmsProp,
  MovingAverageStep: step(AVERAGE_STEP, () => []),
  GlobalNorm: globalNorm,
  ScaledSums: scaledSums,
};
