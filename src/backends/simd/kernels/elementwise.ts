import * as tf from '@tensorflow/tfjs-core';
import type { SimdBackend } from '../backend.js';
import { isFloat32, fallback, type Kernel, type Kernels } from '../kernel.js';
import { BINARY, UNARY } from '../kernel-ids.js';
import * as operation from '../operation-ids.js';
import { float } from '../runtime.js';

/** Floats that are worth a separate chunk. */
const CHUNK = 16384;

/** y = operation(x), value by value; `p` and `q` are parameters that some operations have. */
export function unary(
  backend: SimdBackend,
  operation: number,
  x: tf.TensorInfo,
  p = 0,
  q = 0,
): tf.TensorInfo {
  const out = backend.allocate(x.shape, 'float32');
  const size = tf.util.sizeFromShape(x.shape);
  const args = [backend.address(x), backend.address(out), operation, size, CHUNK, float(p), float(q)];
  backend.runtime.run(UNARY, Math.ceil(size / CHUNK), args);
  return out;
}

/** Axes of the output that both operands go through in the same manner. */
interface Stretch {
  size: number;
  readonly aRepeats: boolean;
  readonly bRepeats: boolean;
}

/** The output's axes, joined where neighbours are alike; ones of size 1 are left out. */
function stretches(a: readonly number[], b: readonly number[], out: readonly number[]): Stretch[] {
  const joined: Stretch[] = [];
  out.forEach((size, axis) => {
    if (size === 1) return;
    const aRepeats = (a[axis - out.length + a.length] ?? 1) === 1;
    const bRepeats = (b[axis - out.length + b.length] ?? 1) === 1;
    const last = joined.at(-1);
    if (last?.aRepeats === aRepeats && last.bRepeats === bRepeats) last.size *= size;
    else joined.push({ size, aRepeats, bRepeats });
  });
  return joined;
}

/** Floats from one position of each stretch to the next; 0 where the operand repeats. */
function steps(list: readonly Stretch[], repeats: 'aRepeats' | 'bRepeats'): number[] {
  let step = 1;
  return list
    .toReversed()
    .map((stretch) => {
      if (stretch[repeats]) return 0;
      const current = step;
      step *= stretch.size;
      return current;
    })
    .reverse();
}

/** operation(a, b), value by value, with broadcasting; undefined where there are too many different axes. */
export function binary(
  backend: SimdBackend,
  operation: number,
  a: tf.TensorInfo,
  b: tf.TensorInfo,
): tf.TensorInfo | undefined {
  const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const list = stretches(a.shape, b.shape, shape);
  if (list.length > 4) return undefined;
  while (list.length < 4) list.unshift({ size: 1, aRepeats: true, bRepeats: true });
  const out = backend.allocate(shape, 'float32');
  const [a0, a1, a2, aStep] = steps(list, 'aRepeats') as [number, number, number, number];
  const [b0, b1, b2, bStep] = steps(list, 'bRepeats') as [number, number, number, number];
  const [dim0, dim1, dim2, inner] = list.map(({ size }) => size) as [number, number, number, number];
  const rows = dim0 * dim1 * dim2;
  const perChunk = rows === 1 ? CHUNK : Math.ceil(CHUNK / Math.max(1, inner));
  const chunks = Math.ceil((rows === 1 ? inner : rows) / perChunk);
  backend.runtime.run(BINARY, chunks, [
    ...[backend.address(a), backend.address(b), backend.address(out), operation, inner, aStep, bStep],
    ...[dim0, dim1, dim2, a0, a1, a2, b0, b1, b2, perChunk],
  ]);
  return out;
}

function unaryKernel(name: string, operation: number, parameters: readonly string[] = []): Kernel {
  return (args) => {
    const x = args.inputs['x']!;
    if (!isFloat32(x)) return fallback(name, args);
    const [p, q] = parameters.map((parameter) => args.attrs[parameter] as number);
    return unary(args.backend, operation, x, p, q);
  };
}

function binaryKernel(name: string, operation: number): Kernel {
  return (args) => {
    const a = args.inputs['a']!;
    const b = args.inputs['b']!;
    return (isFloat32(a, b) && binary(args.backend, operation, a, b)) || fallback(name, args);
  };
}

// Kernels that tfjs does not have; see `core/kernels.ts`.

const swishGradient: Kernel = ({ inputs, backend }) =>
  binary(backend, operation.SWISH_GRADIENT, inputs['x']!, inputs['dy']!)!;

const addRelu: Kernel = ({ inputs, backend }) =>
  binary(backend, operation.ADD_RELU, inputs['a']!, inputs['b']!)!;

const reluGradient: Kernel = ({ inputs, backend }) =>
  binary(backend, operation.RELU_GRADIENT, inputs['y']!, inputs['dy']!)!;

/** Operations value by value. */
export const elementwiseKernels: Kernels = {
  Add: binaryKernel('Add', operation.ADD),
  Sub: binaryKernel('Sub', operation.SUBTRACT),
  Multiply: binaryKernel('Multiply', operation.MULTIPLY),
  RealDiv: binaryKernel('RealDiv', operation.DIVIDE),
  Maximum: binaryKernel('Maximum', operation.MAXIMUM),
  Minimum: binaryKernel('Minimum', operation.MINIMUM),
  SquaredDifference: binaryKernel('SquaredDifference', operation.SQUARED_DIFFERENCE),
  Relu: unaryKernel('Relu', operation.RELU),
  Relu6: unaryKernel('Relu6', operation.RELU6),
  Sigmoid: unaryKernel('Sigmoid', operation.SIGMOID),
  Exp: unaryKernel('Exp', operation.EXP),
  Sqrt: unaryKernel('Sqrt', operation.SQRT),
  Rsqrt: unaryKernel('Rsqrt', operation.RSQRT),
  Square: unaryKernel('Square', operation.SQUARE),
  Neg: unaryKernel('Neg', operation.NEGATE),
  Abs: unaryKernel('Abs', operation.ABSOLUTE),
  LeakyRelu: unaryKernel('LeakyRelu', operation.LEAKY_RELU, ['alpha']),
  Step: unaryKernel('Step', operation.STEP, ['alpha']),
  ClipByValue: unaryKernel('ClipByValue', operation.CLIP, ['clipValueMin', 'clipValueMax']),
  Swish: unaryKernel('Swish', operation.SWISH),
  SwishGrad: swishGradient,
  AddRelu: addRelu,
  ReluGrad: reluGradient,
};
