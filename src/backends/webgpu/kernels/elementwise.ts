import * as tf from '@tensorflow/tfjs-core';
import type { Kernel, Kernels } from '../kernel.js';
import { flatWorkgroups, inFours } from '../wgsl/buffers.js';
import { elementwiseSource, type Elementwise } from '../wgsl/elementwise.js';

/** A kernel of tensors of one shape. */
function elementwise(name: string, operation: Elementwise): Kernel {
  return ({ inputs, backend }) => {
    const tensors = operation.inputs.map((input) => inputs[input]!);
    const y = backend.allocate(tensors[0]!.shape);
    const size = tf.util.sizeFromShape(y.shape);
    if (size === 0) return y;
    const row = inFours(size) ? 4 : 1;
    const program = {
      key: `${name} ${row}`,
      source: () => elementwiseSource(operation, row),
      workgroups: flatWorkgroups(size / row),
    };
    backend.run(program, [...tensors, y]);
    return y;
  };
}

const sigmoid = '(1.0 / (1.0 + exp(-x)))';

/** Kernels that tfjs does not have; see `core/kernels.ts`. */
export const elementwiseKernels: Kernels = {
  Swish: elementwise('swish', { inputs: ['x'], value: 'x / (1.0 + exp(-x))' }),
  SwishGrad: elementwise('swish gradient', {
    inputs: ['x', 'dy'],
    value: `dy * ${sigmoid} * (1.0 + x * (1.0 - ${sigmoid}))`,
  }),
  AddRelu: elementwise('add relu', { inputs: ['a', 'b'], value: 'select(a + b, V(), a + b < V())' }),
  ReluGrad: elementwise('relu gradient', { inputs: ['y', 'dy'], value: 'select(dy, V(), y <= V())' }),
};
