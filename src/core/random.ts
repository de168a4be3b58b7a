import { check } from './errors.js';

/**
 * A seeded stream of random numbers: the same seed gives the same numbers on every machine.
 *
 * The generator is sfc32 of PractRand (Chris Doty-Humphrey), 128 bits of state, seeded through splitmix32.
 */
export class Random {
  #state: Uint32Array;

  /** @param seed - Any integer; its low 32 bits count. */
  constructor(seed: number) {
    check(Number.isInteger(seed), () => `The seed is ${seed}; give an integer.`);
    this.#state = new Uint32Array(4);
    let s = seed >>> 0;
    for (let i = 0; i < 3; i++) {
      s = (s + 0x9e3779b9) >>> 0;
      let t = s ^ (s >>> 16);
      t = Math.imul(t, 0x21f0aaad);
      t = Math.imul(t ^ (t >>> 15), 0x735a2d97);
      this.#state[i] = t ^ (t >>> 15);
    }
    this.#state[3] = 1;
    for (let i = 0; i < 12; i++) this.bits();
  }

  /** Continues a stream from what {@link Random.state} returned. */
  static fromState(state: readonly number[]): Random {
    check(
      state.length === 4 && state.every(Number.isInteger),
      () => `The random state is [${state}]; give the four integers that state() returned.`,
    );
    const random = new Random(0);
    random.#state = Uint32Array.from(state);
    return random;
  }

  /** The stream's position, to be kept and given to {@link Random.fromState}. */
  state(): number[] {
    return Array.from(this.#state);
  }

  /** The next 32 random bits, as an unsigned integer. */
  bits(): number {
    const s = this.#state as unknown as [number, number, number, number];
    const t = (s[0] + s[1] + s[3]) | 0;
    s[3] += 1;
    s[0] = s[1] ^ (s[1] >>> 9);
    s[1] = s[2] + (s[2] << 3);
    s[2] = ((s[2] << 21) | (s[2] >>> 11)) + t;
    return t >>> 0;
  }

  /** The next number in [low, high). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.bits() / 2 ** 32);
  }

  /** The next whole number in [0, limit). */
  integer(limit: number): number {
    return Math.floor(this.uniform(0, limit));
  }

  /** A new stream, independent of what this one gives next. */
  split(): Random {
    return new Random(this.bits());
  }

  /** `count` numbers in [low, high], for rounding to float32 can give `high` itself. */
  uniformArray(count: number, low: number, high: number): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = this.uniform(low, high);
    return values;
  }

  /** `count` numbers of the normal distribution around 0 (Marsaglia's polar method). */
  normalArray(count: number, standardDeviation: number): Float32Array {
    const values = new Float32Array(count);
    for (let i = 0; i < count; i += 2) {
      let u: number, v: number, s: number;
      do {
        u = this.uniform(-1, 1);
        v = this.uniform(-1, 1);
        s = u * u + v * v;
      } while (s >= 1 || s === 0);
      const factor = standardDeviation * Math.sqrt((-2 * Math.log(s)) / s);
      values[i] = u * factor;
      if (i + 1 < count) values[i + 1] = v * factor;
    }
    return values;
  }
}

let stream = new Random(0);

/** Where layers that are given no `random` draw their first values from. */
export function defaultRandom(): Random {
  return stream;
}

/** Runs `work` with another {@link defaultRandom}. */
export function withDefaultRandom<T>(random: Random, work: () => T): T {
  const before = stream;
  stream = random;
  try {
    return work();
  } finally {
    stream = before;
  }
}
