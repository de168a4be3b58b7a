import { Random } from '../core/random.js';

/** What randomness is for; each purpose has streams that no other uses. */
const purposes = ['split', 'shuffle', 'augment', 'mix', 'forward', 'objective'] as const;

/**
 * The stream of a seed for one purpose at one place, such as an epoch and an image. As it hangs on nothing that came
 * before, a run continues anywhere as it would have gone on.
 */
export function randomFor(seed: number, purpose: (typeof purposes)[number], ...place: number[]): Random {
  const mixed = [purposes.indexOf(purpose), ...place].reduce(
    (state, value) => new Random((state + value) | 0).bits(),
    new Random(seed).bits(),
  );
  return new Random(mixed);
}

/** The values in a random order (Fisher and Yates). */
export function shuffled(values: readonly number[], random: Random): number[] {
  const list = [...values];
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}
