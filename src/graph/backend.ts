import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../core/errors.js';
import { kernelShapes, type TensorType } from './shapes.js';

/** The name under which the kernels are registered; no backend of this name is, so that tfjs never chooses it. */
export const TRACE = 'trace';

/** Is called for each kernel that runs. */
export type OnKernel = (
  kernel: string,
  inputs: Readonly<Record<string, tf.TensorInfo>>,
  attributes: tf.NamedAttrMap,
  outputs: readonly tf.TensorInfo[],
) => void;

/** A backend whose tensors have shapes and no values, but for constants. */
export class TraceBackend extends tf.KernelBackend {
  /** Tensors of one data; one where none is noted. */
  readonly #references = new WeakMap<object, number>();
  readonly #constants = new WeakMap<object, tf.backend_util.BackendValues>();

  constructor(readonly onKernel: OnKernel) {
    super();
  }

  override write(values: tf.backend_util.BackendValues): object {
    const dataId = {};
    if (values) this.#constants.set(dataId, values);
    return dataId;
  }

  /** The values of a tensor that was made of values while tracing. */
  constant(dataId: object): tf.backend_util.BackendValues | undefined {
    return this.#constants.get(dataId);
  }

  override readSync(dataId: object): tf.backend_util.BackendValues {
    const values = this.#constants.get(dataId);
    if (values) return values;
    throw new ArgumentError(
      'A forward pass that is traced read the values of a tensor, which has none then: summary, exportOnnx and fuse need ' +
        'a forward whose control flow depends on shapes only.',
    );
  }

  override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
    return this.readSync(dataId);
  }

  override refCount(dataId: object): number {
    return this.#references.get(dataId) ?? 1;
  }

  override incRef(dataId: object): void {
    this.#references.set(dataId, this.refCount(dataId) + 1);
  }

  override disposeData(dataId: object): boolean {
    const left = this.refCount(dataId) - 1;
    this.#references.set(dataId, left);
    return left <= 0;
  }

  override numDataIds(): number {
    return 0;
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  override dispose(): void {}
}

/** tfjs's engine, as far as a synchronous change of the backend needs it; tf.setBackend gives a promise. */
interface Engine {
  backendName: string | undefined;
  backendInstance: tf.KernelBackend | null;
}

/** Runs `run` at once with this backend as the current one; the one before, even if it is still starting, comes back. */
export function runOn(backend: TraceBackend, run: () => void): void {
  registerKernels();
  const engine = tf.engine() as unknown as Engine;
  const { backendName, backendInstance } = engine;
  engine.backendName = TRACE;
  engine.backendInstance = backend;
  try {
    tf.tidy(run);
  } finally {
    engine.backendName = backendName;
    engine.backendInstance = backendInstance;
  }
}

/** A tensor without values. */
export function withoutValues(shape: readonly number[], dtype: tf.DataType = 'float32'): tf.Tensor {
  return tf.engine().makeTensorFromTensorInfo({ dataId: {}, shape: [...shape], dtype });
}

let isWithoutValues = false;

/**
 * What `build` gives, whose variables get shapes and no values, so that a network of any size is described at once. Nothing
 * else may use what was built: free it before this ends.
 */
export function buildWithoutValues<T>(build: () => T): T {
  const before = isWithoutValues;
  isWithoutValues = true;
  let built: T;
  try {
    runOn(new TraceBackend(() => {}), () => {
      built = build();
    });
  } finally {
    isWithoutValues = before;
  }
  return built!;
}

/** A tensor of these values; within {@link buildWithoutValues} without them, and then they are not computed. */
export function tensorOf(values: Float32Array | (() => Float32Array), shape: readonly number[]): tf.Tensor {
  if (isWithoutValues) return withoutValues(shape);
  return tf.tensor(typeof values === 'function' ? values() : values, [...shape]);
}

function registerKernels(): void {
  if (tf.getKernel('Identity', TRACE)) return;
  for (const [kernelName, shapeOf] of Object.entries(kernelShapes)) {
    tf.registerKernel({
      kernelName,
      backendName: TRACE,
      kernelFunc: ({ inputs, attrs, backend }) => {
        const given = Object.entries(inputs).filter(([, input]) => input != null);
        const types = Object.fromEntries(given) as Record<string, tf.TensorInfo & TensorType>;
        const result = shapeOf(types, attrs ?? {});
        const outputs = [result].flat().map(({ shape, dtype }) => ({ dataId: {}, shape, dtype }));
        (backend as TraceBackend).onKernel(kernelName, types, (attrs ?? {}) as tf.NamedAttrMap, outputs);
        return Array.isArray(result) ? outputs : outputs[0]!;
      },
    });
  }
}
