import type { Random } from '../core/random.js';

/** Some players of a game, and how much it counts. */
interface Coalition {
  /** 1 for each player who is in it. */
  readonly members: Uint8Array;
  weight: number;
}

/**
 * Coalitions by which Kernel SHAP asks a game of `players`, none and all left out: all of a size, and of their complements, as long
 * as they are affordable, from the smallest on; then at random, each with its complement. As the package shap.
 * @param most - How many at most.
 */
export function coalitionsOf(players: number, most: number, random: Random): Coalition[] {
  const sizes = Array.from({ length: Math.ceil((players - 1) / 2) }, (_, i) => i + 1);
  const isPaired = (size: number) => 2 * size !== players;
  const kernel = sizes.map((size) => ((isPaired(size) ? 2 : 1) * (players - 1)) / (size * (players - size)));
  const sum = kernel.reduce((a, b) => a + b, 0);
  const shares = kernel.map((weight) => weight / sum);
  const coalitions: Coalition[] = [];
  const add = (members: Uint8Array, weight: number) => coalitions.push({ members, weight });
  let full = 0;
  let left = 1;
  for (const size of sizes) {
    const copies = isPaired(size) ? 2 : 1;
    const count = copies * binomial(players, size);
    const share = shares[size - 1]!;
    // As many as the budget has for their share of the weight, which is 1 with all that is left.
    if (((most - coalitions.length) * share) / left < count * (1 - 1e-8)) break;
    for (const members of subsets(players, size)) {
      add(members, share / count);
      if (copies === 2) add(complement(members), share / count);
    }
    full = size;
    left -= share;
  }
  if (full < sizes.length && coalitions.length < most)
    addRandom(coalitions, players, most, shares.slice(full), full, random);
  return coalitions;
}

function addRandom(
  coalitions: Coalition[],
  players: number,
  most: number,
  shares: readonly number[],
  full: number,
  random: Random,
): void {
  const fixed = coalitions.length;
  const known = new Map<string, Coalition[]>();
  // A draw of a pair gives two coalitions.
  const chances = shares.map((share, i) => (2 * (full + i + 1) === players ? share : share / 2));
  const sum = chances.reduce((a, b) => a + b, 0);
  for (let draw = 0; draw < 4 * (most - fixed) && coalitions.length < most; draw++) {
    const size = full + 1 + drawn(chances, random.uniform(0, sum));
    const members = randomSubset(players, size, random);
    const key = members.join('');
    const before = known.get(key);
    if (before) {
      for (const each of before) each.weight++;
      continue;
    }
    const added = [{ members, weight: 1 }];
    if (2 * size !== players && coalitions.length + 1 < most)
      added.push({ members: complement(members), weight: 1 });
    known.set(key, added);
    coalitions.push(...added);
  }
  const rest = shares.reduce((a, b) => a + b, 0);
  const all = coalitions.slice(fixed).reduce((total, { weight }) => total + weight, 0);
  for (const each of coalitions.slice(fixed)) each.weight *= rest / all;
}

function drawn(chances: readonly number[], at: number): number {
  let sum = 0;
  const place = chances.findIndex((chance) => (sum += chance) > at);
  return place < 0 ? chances.length - 1 : place;
}

function binomial(n: number, k: number): number {
  let value = 1;
  for (let i = 1; i <= k; i++) value *= (n - k + i) / i;
  return Math.round(value);
}

const complement = (members: Uint8Array) => members.map((member) => 1 - member);

/** All coalitions of a size. */
function* subsets(players: number, size: number): Generator<Uint8Array> {
  const places = Array.from({ length: size }, (_, i) => i);
  for (;;) {
    const members = new Uint8Array(players);
    for (const place of places) members[place] = 1;
    yield members;
    const last = places.findLastIndex((place, i) => place < players - size + i);
    if (last < 0) return;
    const next = places[last]! + 1;
    for (let i = last; i < size; i++) places[i] = next + i - last;
  }
}

function randomSubset(players: number, size: number, random: Random): Uint8Array {
  const order = Array.from({ length: players }, (_, i) => i);
  const members = new Uint8Array(players);
  for (let i = 0; i < size; i++) {
    const j = i + random.integer(players - i);
    [order[i], order[j]] = [order[j]!, order[i]!];
    members[order[i]!] = 1;
  }
  return members;
}
