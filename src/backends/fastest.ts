import * as tf from '@tensorflow/tfjs-core';

/** Options of `ready`. */
export interface ReadyOptions {
  /**
   * Runs what has to be fast, such as `() => model.predict(images)`. Every backend that is there runs it, and the fastest
   * is taken. The result is freed. Default no measurement.
   */
  readonly measure?: () => tf.Tensor;
}

/** Timed runs of each backend, after one that compiles. */
const RUNS = 3;

/**
 * Makes the fastest of these backends the current one; one that does not start, or cannot run the work, is passed over, and so
 * is `cpu` where there are others: it never is the fastest, and takes long.
 * @throws Error where none can; its cause is the last one's error.
 */
export async function takeFastest(backends: readonly string[], work: () => tf.Tensor): Promise<void> {
  const names = backends.filter((name) => name !== 'cpu' || backends.length === 1);
  let fastest: { name: string; time: number } | undefined;
  let cause: unknown;
  for (const name of names) {
    try {
      if (!(await tf.setBackend(name))) continue;
      await run(work);
      const times: number[] = [];
      for (let i = 0; i < RUNS; i++) times.push(await run(work));
      const time = Math.min(...times);
      if (time < (fastest?.time ?? Infinity)) fastest = { name, time };
    } catch (error) {
      cause = error;
    }
  }
  if (!fastest) throw new Error(`No backend of ${names.join(', ')} could run the measurement.`, { cause });
  await tf.setBackend(fastest.name);
}

/** The time in milliseconds until the values are there. */
async function run(work: () => tf.Tensor): Promise<number> {
  const start = performance.now();
  const result = tf.tidy(work);
  await result.data();
  result.dispose();
  return performance.now() - start;
}
