import { ready } from '#backends';
import { checkModule, checkOptions } from '../core/errors.js';
import type { AnyModule } from '../core/module.js';
import { ConvNorm, foldAll } from './conv-norm.js';

/** Options of {@link fuse}. */
export interface FuseOptions {
  /** Called with the path of each unit that was folded, such as `stages.0.1.conv1`. */
  readonly onFolded?: (path: string) => void;
}

/**
 * Folds the batch norm of every {@link ConvNorm} in any module into its convolution, which then also adds the bias and runs
 * the activation: evaluation gets faster and its results stay the same up to rounding. In place; training a fused module
 * throws an ArgumentError. Nothing is read from the device, so it works on WebGPU too.
 * @returns the module.
 * @throws ArgumentError where the module was disposed of; it is then as it was.
 */
export async function fuse<M extends AnyModule>(module: M, options: FuseOptions = {}): Promise<M> {
  checkModule('fuse', module);
  checkOptions('fuse', options, { onFolded: true });
  await ready();
  foldUnits(module, options.onFolded);
  return module;
}

/** As {@link fuse}, at once. */
export function foldUnits(module: AnyModule, onFolded?: (path: string) => void): void {
  const units = Array.from(module.namedModules()).flatMap(({ name, module: unit }) =>
    unit instanceof ConvNorm && unit.norm ? [{ name, unit }] : [],
  );
  foldAll(units.map(({ unit }) => unit));
  for (const { name } of units) onFolded?.(name);
}
