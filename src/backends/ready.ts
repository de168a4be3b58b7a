import * as tf from '@tensorflow/tfjs-core';
import { checkOptions } from '../core/errors.js';
import { HOST } from './host.js';

/** Options of `ready`. */
export interface ReadyOptions {
  /** Takes this one, such as `'simd'`, `'webgl'`, `'cpu'`, or another that the program has registered. Default a choice. */
  readonly backend?: string;
  /**
   * Runs what has to be fast, such as `() => model.predict(tf.zeros([1, 224, 224, 3]))`. Every backend that can be had runs it,
   * and the fastest is taken. The result is freed. Default no measurement.
   */
  readonly measure?: () => tf.Tensor;
}

/** What a place to run in has. */
interface Place {
  /** Registers a backend where it is not registered yet; false where the place cannot have it. */
  readonly loaders: Readonly<Record<string, () => Promise<boolean>>>;
  /** Makes a backend the current one, where nobody said which. */
  readonly choose: () => Promise<void>;
}

/** Timed runs of each backend, after one that compiles. */
const RUNS = 3;

/** The function `ready` of a place. */
export function readyIn({ loaders, choose }: Place): (options?: ReadyOptions) => Promise<string> {
  /** The last call's work: a call waits for those before it. */
  let work: Promise<unknown> = Promise.resolve();

  const take = async ({ backend, measure }: ReadyOptions): Promise<string> => {
    if (backend !== undefined) {
      const isThere = (await loaders[backend]?.()) ?? tf.findBackendFactory(backend) != null;
      if (!isThere || !(await switchTo(backend))) {
        const others = new Set([...Object.keys(loaders), ...registered()]);
        others.delete(backend);
        throw new Error(
          `The backend '${backend}' cannot be started here; give one of '${[...others].join("', '")}', or import what ` +
            'registers it.',
        );
      }
      return tf.getBackend();
    }
    if (isChosen()) await tf.ready();
    // Of the backends that tfjs knows, all may fail but this one, which has no kernels.
    if (!isChosen()) await choose();
    if (measure) {
      for (const load of Object.values(loaders)) await load();
      await takeFastest(registered(), measure);
    }
    return tf.getBackend();
  };

  return async (options = {}) => {
    checkOptions('ready', options, { backend: true, measure: true });
    const taken = work.then(() => take(options));
    work = taken.catch(() => {});
    return taken;
  };
}

/** Whether tfjs has a backend with kernels, or will have when it is ready. */
function isChosen(): boolean {
  const current = tf.getBackend() as string | undefined;
  return current !== undefined && current !== HOST;
}

/** The names of the backends that are registered and have kernels. */
export function registered(): string[] {
  return tf
    .engine()
    .backendNames()
    .filter((name) => name !== HOST);
}

/**
 * As tf.setBackend, but reads variables before: later, when they are used on the other backend, tfjs would read them at
 * once, which WebGPU can hardly do. Where the backend does not start, the one before stays.
 */
export async function switchTo(name: string): Promise<boolean> {
  const before = tf.getBackend() as string | undefined;
  if (before === name) return true;
  const variables = Object.values(tf.engine().registeredVariables);
  await Promise.all(variables.map((variable) => variable.data()));
  if (await tf.setBackend(name)) return true;
  const previous = before ?? (tf.findBackendFactory(HOST) ? HOST : undefined);
  if (previous !== undefined) await tf.setBackend(previous);
  return false;
}

/**
 * Makes the fastest of these backends the current one; one that does not start, or cannot run the work, is passed over, and so
 * is `cpu` where there are others: it never is the fastest, and takes long.
 * @throws Error where none can; its cause is the last one's error.
 */
async function takeFastest(backends: readonly string[], work: () => tf.Tensor): Promise<void> {
  const names = backends.filter((name) => name !== 'cpu' || backends.length === 1);
  let fastest: { name: string; time: number } | undefined;
  let cause: unknown;
  for (const name of names) {
    try {
      if (!(await switchTo(name))) continue;
      await run(work);
      for (let i = 0; i < RUNS; i++) {
        const time = await run(work);
        if (time < (fastest?.time ?? Infinity)) fastest = { name, time };
      }
    } catch (error) {
      cause = error;
    }
  }
  if (!fastest) {
    const reason = cause instanceof Error ? `: ${cause.message}` : '';
    throw new Error(`None of the backends ${names.join(', ')} could run the measurement${reason}`, { cause });
  }
  await switchTo(fastest.name);
}

/** The time in milliseconds until the values are there. */
async function run(work: () => tf.Tensor): Promise<number> {
  const start = performance.now();
  const result = tf.tidy(work);
  await result.data();
  result.dispose();
  return performance.now() - start;
}
