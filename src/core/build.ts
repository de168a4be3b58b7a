import * as tf from '@tensorflow/tfjs-core';
import { check, shown } from './errors.js';
import { checkInTree } from '../graph/in-tree.js';
import { Module } from './module.js';
import { Random, withDefaultRandom } from './random.js';
import { isOfLayer } from './variables.js';

/**
 * What `build` gives; where it throws, the variables that it made until then are freed. Build your networks so where memory is
 * short: `allOrNothing(() => new MyNetwork())`.
 * @param build - Makes modules or variables, and gives no promise.
 * @throws ArgumentError where `build` gives a module, and made layers that are not in its tree, such as in a `#private`
 * field.
 */
export function allOrNothing<T>(build: () => T): T {
  // Ids only grow.
  const last = tf.tidy(() => tf.scalar(0).id);
  const made = () => Object.values(tf.engine().registeredVariables).filter(({ id }) => id > last);
  try {
    const built = build();
    if (built instanceof Module) checkInTree(built, made().filter(isOfLayer));
    return built;
  } catch (error) {
    for (const variable of made()) variable.dispose();
    throw error;
  }
}

/**
 * Builds a network whose first values repeat: layers that are given no `random` draw from one stream of this seed, in the
 * order in which they are made.
 *
 * ```ts
 * const net = seeded(1, () => new MyNetwork());
 * ```
 *
 * Without it they draw from one stream of the whole program, which starts at seed 0: each run of a program gives the same
 * values, but what is built earlier changes them. Otherwise as {@link allOrNothing}.
 * @param seed - Any integer.
 * @param build - Makes the network, and gives no promise.
 */
export function seeded<T>(seed: number, build: () => T): T {
  return withDefaultRandom(new Random(seed), () =>
    allOrNothing(() => {
      const built = build();
      const { then } = (built ?? {}) as { then?: unknown };
      check(typeof then !== 'function', () => `seeded: build gave ${shown(built)}; build without waiting.`);
      return built;
    }),
  );
}
