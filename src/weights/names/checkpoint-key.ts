import { counted } from '../../core/counted.js';
import { listed } from '../../core/listed.js';
import { ChoiceError } from '../formats/checkpoint.js';

/** Weights of which a file may have several: where they are in it, such as `state_dict_ema`, and how many tensors they have. */
export interface Keyed {
  readonly key: string;
  readonly tensors: { readonly size: number };
}

/** Whether a place has this name: as a whole, as one of its parts, or as a word of one, as `ema` in `state_dict_ema`. */
export function hasKey(place: string, wanted: string): boolean {
  return place === wanted || place.split('.').includes(wanted) || place.split(/[._]/).includes(wanted);
}

/**
 * The one of these weights that is wanted. Of none of such a name, all count.
 * @throws ChoiceError that lists them where several are left.
 */
export function chooseWeights<T extends Keyed>(candidates: readonly T[], wanted: string | undefined): T {
  const best = wanted === undefined ? [] : mostExact(candidates, wanted);
  const left = best.length > 0 ? best : candidates;
  if (left.length === 1) return left[0]!;
  const names = left.map(({ key, tensors }) => `'${key}' (${counted(tensors.size, 'tensor')})`);
  const has =
    wanted !== undefined && best.length === 0
      ? `has no weights '${wanted}', but these`
      : 'has several weights';
  throw new ChoiceError(
    `This file ${has}: ${listed(names)}. Say which to take: { checkpointKey: '${left[0]!.key}' }, ` +
      `on the command line --checkpoint-key ${left[0]!.key}.`,
  );
}

function mostExact<T extends Keyed>(candidates: readonly T[], wanted: string): T[] {
  const matches = [
    ({ key }: T) => key === wanted,
    ({ key }: T) => key.split('.').includes(wanted),
    ({ key }: T) => hasKey(key, wanted),
  ];
  return matches.map((match) => candidates.filter(match)).find(({ length }) => length > 0) ?? [];
}
