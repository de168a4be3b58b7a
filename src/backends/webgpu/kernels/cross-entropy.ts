import type * as tf from '@tensorflow/tfjs-core';
import { fallback, type Kernel, type KernelArguments, type Kernels } from '../kernel.js';
import { crossEntropySource, crossEntropyWorkgroups, type CrossEntropySizes } from '../wgsl/cross-entropy.js';

/** See `core/kernels.ts`. */
const softmaxCrossEntropy: Kernel = (args) => {
  const { inputs, backend } = args;
  if (backend.holdsFloats(inputs['x']!)) return crossEntropy(args);
  // Integers that were cast.
  const one = backend.makeTensorInfo([], 'float32', Float32Array.of(1));
  const x = fallback('Multiply', {
    backend,
    inputs: { a: inputs['x']!, b: one },
    attrs: {},
  }) as tf.TensorInfo;
  const outputs = crossEntropy({ ...args, inputs: { ...inputs, x } });
  for (const { dataId } of [one, x]) backend.disposeData(dataId);
  return outputs;
};

function crossEntropy({ inputs, backend, attrs }: KernelArguments): tf.TensorInfo[] {
  const [x, targets] = [inputs['x']!, inputs['targets']!];
  const [rows, classes] = x.shape as [number, number];
  const losses = backend.allocate([rows]);
  const gradient = backend.allocate(x.shape);
  if (rows * classes === 0) return [losses, gradient];
  const sizes: CrossEntropySizes = {
    classes,
    areClasses: targets.shape.length === 1,
    targetType: backend.holdsFloats(targets) ? 'f32' : 'i32',
  };
  const settings = backend.makeTensorInfo([1], 'float32', Float32Array.of(attrs['labelSmoothing'] as number));
  const program = {
    key: `cross entropy ${Object.values(sizes)}`,
    source: () => crossEntropySource(sizes),
    workgroups: crossEntropyWorkgroups(rows, sizes),
  };
  backend.run(program, [x, targets, settings, losses, gradient]);
  backend.disposeData(settings.dataId);
  return [losses, gradient];
}

/** The cross-entropy of logits. */
export const crossEntropyKernels: Kernels = { SoftmaxCrossEntropy: softmaxCrossEntropy };
