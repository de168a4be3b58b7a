import {
  check,
  checkAtLeastZero,
  checkBoolean,
  checkInteger,
  checkOneOf,
  checkOptions,
} from '../core/errors.js';
import { Random } from '../core/random.js';
import type { LabelledLogits } from '../training/collect-logits.js';
import { checkLabelled, checkLogits, mean, softmax } from './labelled-logits.js';

/** Options of {@link fitConformal}. */
export interface ConformalOptions {
  /** The share of sets that should hold the right class. Default 0.9. */
  readonly coverage?: number;
  /**
   * `'lac'`: classes whose probability is above a threshold, the smallest sets on average (Sadinle et al. 2019, arXiv 1609.00451);
   * `'aps'`: the likeliest classes until their sum is above a threshold, larger sets for harder images (Romano et al. 2020,
   * arXiv 2006.02544); `'raps'`: the same with a penalty on large sets (Angelopoulos et al. 2021, arXiv 2009.14193). Default `'raps'`.
   */
  readonly method?: 'lac' | 'aps' | 'raps';
  /**
   * Of `'aps'` and `'raps'`: whether chance decides about the last class, so that coverage is no more than was asked for, and a set may
   * be empty. Default false: a set has at least one class.
   */
  readonly randomized?: boolean;
  /** Of `'raps'`: what is added for each class beyond the first `free` ones. Default 0.01. */
  readonly penalty?: number;
  /** Of `'raps'`: classes without penalty. Default 5. */
  readonly free?: number;
  /** Of the chance. Default 0. */
  readonly seed?: number;
}

/** What {@link predictionSets} goes by: plain data, which JSON keeps. */
export interface Conformal extends Required<Omit<ConformalOptions, 'seed'>> {
  /** Number of classes of the network. */
  readonly classes: number;
  /** The score up to which a class belongs to a set; null where there were too few examples for any class to be left out. */
  readonly threshold: number | null;
}

/** How good prediction sets are. */
export interface SetQuality {
  /** The share of sets that hold the right class. */
  readonly coverage: number;
  /** The mean number of classes of a set. */
  readonly meanSize: number;
  /** How many sets have 0, 1, 2, … classes. */
  readonly sizes: readonly number[];
}

/**
 * Finds the threshold with which sets of classes hold the right one as often as was asked for, by split conformal prediction: the
 * ceil((n + 1) coverage)-th smallest score of n examples. Whatever the network, a set for a new image of the same kind holds
 * the right class with a probability of at least `coverage`, and, where scores differ, of at most `coverage` + 1 / (n + 1).
 * @param predictions - Of examples that the network was not trained on.
 * @throws ArgumentError where labels do not fit the logits, or an option is out of range.
 */
export function fitConformal(predictions: LabelledLogits, options: ConformalOptions = {}): Conformal {
  checkOptions('fitConformal', options, {
    coverage: true,
    method: true,
    randomized: true,
    penalty: true,
    free: true,
    seed: true,
  });
  const { coverage = 0.9, method = 'raps', randomized = false, penalty = 0.01, free = 5, seed = 0 } = options;
  check(
    typeof coverage === 'number' && coverage > 0 && coverage < 1,
    () => `coverage is ${coverage}; give a number above 0 and below 1, such as 0.9.`,
  );
  checkOneOf('method', method, ['lac', 'aps', 'raps']);
  checkBoolean('randomized', randomized);
  checkAtLeastZero('penalty', penalty);
  checkInteger('free', free, 0);
  const random = new Random(seed);
  const classes = checkLabelled('fitConformal', predictions);
  const settings = { coverage, method, randomized, penalty, free, classes };
  const scores = predictions.logits
    .map((row, i) => conformityScores(settings, softmax(row), random)[predictions.labels[i]!]!)
    .sort((a, b) => a - b);
  // Rounding must not make 0.9 * 10 a little more than 9.
  const place = Math.ceil((scores.length + 1) * coverage - 1e-9);
  return { ...settings, threshold: scores[place - 1] ?? null };
}

/**
 * For each row of logits the classes that may be right, the likeliest first.
 * @param options - `seed` of the chance where the sets are randomized, default 1.
 * @throws ArgumentError where the logits are of another number of classes.
 */
export function predictionSets(
  conformal: Conformal,
  logits: readonly ArrayLike<number>[],
  options: { readonly seed?: number } = {},
): number[][] {
  checkOptions('predictionSets', options, { seed: true });
  const classes = checkLogits('predictionSets', logits);
  check(
    classes === conformal.classes,
    () =>
      `predictionSets: the logits have ${classes} classes, and the threshold is of ${conformal.classes}; fit it for this network.`,
  );
  const random = new Random(options.seed ?? 1);
  const threshold = conformal.threshold ?? Infinity;
  return logits.map((row) => {
    const probabilities = softmax(row);
    const scores = conformityScores(conformal, probabilities, random);
    return byProbability(probabilities).filter((c) => scores[c]! <= threshold);
  });
}

/**
 * How often sets hold the right class, and how large they are.
 * @throws ArgumentError where there are not as many labels as sets.
 */
export function measureSets(sets: readonly (readonly number[])[], labels: ArrayLike<number>): SetQuality {
  check(
    sets.length > 0 && sets.length === labels.length,
    () =>
      `measureSets: there are ${sets.length} sets and ${labels.length} labels; give one label a set, and at least one.`,
  );
  const lengths = sets.map((set) => set.length);
  const sizes = new Array<number>(Math.max(...lengths) + 1).fill(0);
  for (const length of lengths) sizes[length]!++;
  return {
    coverage: mean(sets.map((set, i) => Number(set.includes(labels[i]!)))),
    meanSize: mean(lengths),
    sizes,
  };
}

/** How unusual each class would be for an image: the smaller, the more it conforms. */
export function conformityScores(
  { method, randomized, penalty, free }: Pick<Conformal, 'method' | 'randomized' | 'penalty' | 'free'>,
  probabilities: Float64Array,
  random: Pick<Random, 'uniform'>,
): Float64Array {
  if (method === 'lac') return probabilities.map((p) => 1 - p);
  const scores = new Float64Array(probabilities.length);
  const u = randomized ? random.uniform() : 1;
  let sum = 0;
  byProbability(probabilities).forEach((c, place) => {
    sum += probabilities[c]!;
    const extra = method === 'raps' ? penalty * Math.max(0, place + 1 - free) : 0;
    scores[c] = sum - u * probabilities[c]! + extra;
  });
  return scores;
}

function byProbability(probabilities: Float64Array): number[] {
  return Array.from(probabilities.keys()).sort((a, b) => probabilities[b]! - probabilities[a]!);
}
