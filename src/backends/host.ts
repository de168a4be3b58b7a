import * as tf from '@tensorflow/tfjs-core';

/** The name is part of tfjs's message where a kernel is asked of this backend. */
export const HOST = 'none yet: first await ready() of skipscale';

interface Held {
  readonly values: tf.backend_util.BackendValues;
  refCount: number;
}

/**
 * A backend without kernels: it holds tensors until another backend is chosen, to which tfjs moves them when they are
 * used. With it a page may build a network before it has loaded a backend.
 */
class HostBackend extends tf.KernelBackend {
  readonly #held = new Map<object, Held>();

  override write(values: tf.backend_util.BackendValues): object {
    const dataId = {};
    this.#held.set(dataId, { values, refCount: 1 });
    return dataId;
  }

  override move(
    dataId: object,
    values: tf.backend_util.BackendValues,
    _shape: number[],
    _dtype: tf.DataType,
    refCount: number,
  ): void {
    this.#held.set(dataId, { values, refCount });
  }

  override readSync(dataId: object): tf.backend_util.BackendValues {
    return this.#held.get(dataId)!.values;
  }

  override async read(dataId: object): Promise<tf.backend_util.BackendValues> {
    return this.readSync(dataId);
  }

  override refCount(dataId: object): number {
    return this.#held.get(dataId)?.refCount ?? 0;
  }

  override incRef(dataId: object): void {
    this.#held.get(dataId)!.refCount++;
  }

  override disposeData(dataId: object, force = false): boolean {
    const held = this.#held.get(dataId);
    if (held && --held.refCount > 0 && !force) return false;
    this.#held.delete(dataId);
    return true;
  }

  override numDataIds(): number {
    return this.#held.size;
  }

  override memory(): { unreliable: boolean } {
    return { unreliable: false };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override dispose(): void {
    this.#held.clear();
  }
}

/** Registers the backend that tfjs takes where there is no other one. */
export function registerHost(): void {
  if (!tf.findBackendFactory(HOST)) tf.registerBackend(HOST, () => new HostBackend(), -1);
}
