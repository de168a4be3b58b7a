import { check } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import type { Checkpoint } from './formats/checkpoint.js';
import type { LoadedWeights, LoadWeightsOptions } from './loaded-weights.js';
import { assignAll, checkFinite, matchVariables, problemsOf, withoutParts } from './match-variables.js';
import { pathVariables } from './names/name-map.js';

/**
 * Fills any module from a file whose keys are the paths of its variables, in our order of axes, as `save` writes it. All or
 * nothing.
 * @throws Error that lists the missing, extra and mis-shaped keys, or those whose values are not finite.
 */
export function loadModule(
  module: AnyModule,
  { tensors, key = '', skipped = [] }: Checkpoint,
  { strict = true, except = [], head }: LoadWeightsOptions,
): LoadedWeights {
  check(head === undefined, () => 'head is for image classifiers only; give { except } for other networks.');
  const name = `this ${module.constructor.name || 'module'}`;
  const variables = pathVariables(module);
  const match = matchVariables(withoutParts(variables, except, name), variables, tensors);
  const { found, missing, extra } = match;
  const problems = problemsOf(match, strict);
  if (found.length === 0 || problems.length > 0) {
    const advice =
      found.length === 0
        ? 'No key of the file is the path of a variable, such as ' + `${variables[0]?.key}.`
        : 'Build the network that was saved. ({ strict: false } loads what is in both; shapes have to agree even then.)';
    throw new Error(`The weights do not fit ${name}. ${[advice, ...problems].join('\n')}`);
  }
  checkFinite(found);
  assignAll(found);
  return { source: 'skipscale', loaded: found.map(({ name }) => name), missing, extra, key, skipped };
}
