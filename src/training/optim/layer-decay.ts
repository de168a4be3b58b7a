import { check } from '../../core/errors.js';
import type { AnyModule } from '../../core/module.js';
import { partsOf } from '../../core/parts.js';
import type { NamedParameter } from './rule.js';

/**
 * Scales of the learning rate for fine-tuning: 1 for the last part of a module, `decay` for the one before it, and so on by
 * powers down to the first. The parts are the module's fields in their order, such as `stem` and `head`, and of a field
 * that is a list each entry, such as `stages.0`; of an image classifier and of `Sequential` they are in the order in which they
 * run. Parts without variables do not count, and variables of the module itself have the scale 1. Source: Clark et al.
 * 2020, arXiv 2003.10555; give it to an optimizer as `rateScale`.
 * @param decay - In (0, 1].
 * @throws ArgumentError where `decay` is out of range.
 */
export function layerDecay(module: AnyModule, decay: number): (parameter: NamedParameter) => number {
  check(decay > 0 && decay <= 1, () => `decay is ${decay}; give a number in (0, 1], such as 0.75.`);
  const owners = [...module.namedVariables()].filter(({ owner }) => owner !== module);
  const withVariables = new Set(owners.map(({ name }) => partOf(name)));
  const inOrder = [...partsOf(module).map(([name]) => name), ...withVariables];
  const parts = [...new Set(inOrder.map(partOf))].filter((part) => withVariables.has(part));
  return ({ name }) => {
    const place = parts.indexOf(partOf(name));
    return place < 0 ? 1 : decay ** (parts.length - 1 - place);
  };
}

/** The field that a path begins with, and the place in it where the field is a list. */
function partOf(path: string): string {
  return /^[^.]*(\.\d+(?=\.|$))?/.exec(path)![0];
}
