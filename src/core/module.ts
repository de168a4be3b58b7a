import * as tf from '@tensorflow/tfjs-core';
import type { Context } from './context.js';
import { describeModule } from '../graph/describe.js';
import { formatSummary } from '../graph/summary.js';
import type { InputShapes } from '../graph/trace.js';
import { ArgumentError, check, quoted, shown } from './errors.js';
import { listed } from './listed.js';

/** A variable of a module tree, with the path of fields that leads to it and the module that owns it. */
export interface NamedVariable {
  /** For example `stages.0.1.conv1.conv.weight`. */
  readonly name: string;
  readonly variable: tf.Variable;
  readonly owner: AnyModule;
  /** Whether it is to be trained now: it is a parameter, and no module that has it is frozen. */
  readonly trainable: boolean;
}

/** A module of a module tree, with the path of fields that leads to it; the root's is empty. */
export interface NamedModule {
  readonly name: string;
  readonly module: AnyModule;
}

/** A module whatever it takes and gives. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyModule = Module<any, any>;

/**
 * A layer, a block or a network. Its fields are the module tree: variables, modules, and arrays, plain objects and Maps of
 * them, nested as you like. Counting, saving, freezing and freeing all read this tree. A module or variable that can be
 * reached in two ways is listed once, under the first path. Private fields (`#name`) cannot be seen from outside, so a
 * module there is not part of the tree.
 *
 * `Input` and `Output` may be a tensor, or an array or a record of tensors.
 */
export abstract class Module<Input = tf.Tensor4D, Output = tf.Tensor4D> {
  #isFrozen = false;
  /** What was disposed of, where this module was. */
  #disposedAs: string | undefined;

  /**
   * @param x - Activations, the batch first.
   * @param context - Whether this is training, and where its randomness comes from.
   */
  abstract forward(x: Input, context: Context): Output;

  /** Every module of this tree with its path, parents before children, in the order of the fields. */
  *namedModules(): Generator<NamedModule> {
    yield* modulesOf(this, '', new Set());
  }

  /** Every variable of this tree with its path and owner, in the order of the fields. */
  *namedVariables(): Generator<NamedVariable> {
    const found = new Map<tf.Variable, { name: string; owners: AnyModule[] }>();
    for (const { name: path, module } of this.namedModules()) {
      if (module.#disposedAs) throwDisposed(module.#disposedAs);
      for (const [name, variable] of variablesOf(module, path, new Set())) {
        if (!found.has(variable)) found.set(variable, { name, owners: [] });
        found.get(variable)!.owners.push(module);
      }
    }
    for (const [variable, { name, owners }] of found) {
      yield {
        name,
        variable,
        owner: owners[0]!,
        get trainable() {
          return variable.trainable && !owners.some((owner) => owner.#isFrozen);
        },
      };
    }
  }

  /** Every variable of this tree; those with `trainable` false are running statistics. */
  variables(): tf.Variable[] {
    return Array.from(this.namedVariables(), ({ variable }) => variable);
  }

  /**
   * A table to print: a row a layer, in the order in which they run, with its output's shape, parameters and multiply-adds,
   * and what all of it takes. The module is traced for it, so nothing is computed.
   * @param input - The shape of the input, the batch first, such as `[1, 224, 224, 3]`; of several inputs an array or a
   * record of shapes, as {@link forward} takes the inputs.
   * @throws ArgumentError where the forward pass reads values of tensors or runs a kernel that cannot be traced.
   */
  summary(input: InputShapes): string {
    return formatSummary(describeModule(this, input));
  }

  /**
   * Keeps modules from being trained: optimizers and training leave their variables as they are, running statistics
   * included, and layers that act differently in training (batch norm, dropout, stochastic depth) act as in evaluation.
   * @param paths - Of modules, such as `stem`, or of what holds modules, such as `stages.0`; everything below is frozen
   * too. Without paths, this module and everything below it.
   * @throws ArgumentError where there is no module at a path; nothing is frozen then.
   */
  freeze(...paths: readonly string[]): void {
    for (const module of this.#modulesAt(paths)) module.#isFrozen = true;
  }

  /**
   * Undoes {@link freeze}.
   * @param paths - As of {@link freeze}; without paths, this module and everything below it.
   * @throws ArgumentError where there is no module at a path; nothing changes then.
   */
  unfreeze(...paths: readonly string[]): void {
    for (const module of this.#modulesAt(paths)) module.#isFrozen = false;
  }

  /** Whether this module is frozen. A layer of yours that acts differently in training acts as in evaluation then. */
  get isFrozen(): boolean {
    return this.#isFrozen;
  }

  #modulesAt(paths: readonly string[]): AnyModule[] {
    const starts = paths.length === 0 ? [this] : paths.map((path) => this.#startOf(path));
    return starts.flatMap((start) => Array.from(modulesOf(start, '', new Set()), ({ module }) => module));
  }

  /** The module, or the array, object or Map with modules, at this path. */
  #startOf(path: string): object {
    const known = typeof path === 'string' ? path : '';
    const start = valueAt(this, known);
    check(hasModules(start), () => {
      const near = pathsNear(this, known).map(quoted);
      return (
        `${this.constructor.name} has no module at ${known === path ? quoted(path) : shown(path)}; ` +
        (near.length > 0 ? `give a path such as ${listed(near)}.` : 'it has no parts.')
      );
    });
    return start;
  }

  /** Whether {@link dispose} was called, of this module or of one that it is a part of. */
  get isDisposed(): boolean {
    return this.#disposedAs !== undefined;
  }

  /** Frees every variable. What uses one after, such as a module of which this is a part, throws an ArgumentError. */
  dispose(): void {
    const { architecture } = this as { architecture?: { name?: string } };
    const name = architecture?.name ?? this.constructor.name;
    for (const { module } of this.namedModules()) {
      for (const [, variable] of variablesOf(module, '', new Set())) {
        if (!variable.isDisposed) variable.dispose();
      }
      for (const [field, value] of entries(module)) {
        if (!(value instanceof tf.Variable)) continue;
        Object.defineProperty(module, field, { get: () => throwDisposed(name), enumerable: true });
      }
      module.#disposedAs ??= name;
    }
  }
}

function throwDisposed(name: string): never {
  throw new ArgumentError(`This ${name} was disposed of, and its weights are gone; build it again.`);
}

/** What a module, array, object or Map holds, by key. Accessors are left out: to read one may do anything. */
function* entries(branch: object): Generator<[string, unknown]> {
  if (branch instanceof Map) {
    for (const [key, value] of branch as Map<unknown, unknown>) yield [String(key), value];
    return;
  }
  for (const key of Object.keys(branch)) {
    const descriptor = Object.getOwnPropertyDescriptor(branch, key)!;
    if ('value' in descriptor) yield [key, descriptor.value];
  }
}

/** Whether the tree goes on in `value`: a module, an array, a Map or a plain object. */
function isBranch(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  if (value instanceof Module || Array.isArray(value) || value instanceof Map) return true;
  const prototype = Object.getPrototypeOf(value) as object | null;
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function* modulesOf(branch: object, path: string, seen: Set<object>): Generator<NamedModule> {
  if (seen.has(branch)) return;
  seen.add(branch);
  if (branch instanceof Module) yield { name: path, module: branch };
  for (const [key, child] of entries(branch)) {
    if (isBranch(child)) yield* modulesOf(child, join(path, key), seen);
  }
}

/** The variables of a module that are not of a module below it. */
function* variablesOf(
  branch: object,
  path: string,
  seen: Set<object>,
): Generator<[name: string, variable: tf.Variable]> {
  for (const [key, child] of entries(branch)) {
    const isVariable = child instanceof tf.Variable;
    if ((!isVariable && !isBranch(child)) || child instanceof Module || seen.has(child)) continue;
    seen.add(child);
    if (isVariable) yield [join(path, key), child];
    else yield* variablesOf(child, join(path, key), seen);
  }
}

function hasModules(value: unknown): value is object {
  return isBranch(value) && !modulesOf(value, '', new Set()).next().done;
}

/** What a path of keys leads to. A key may itself have a dot. */
function valueAt(branch: object, path: string): unknown {
  for (const [key, child] of entries(branch)) {
    if (key === path) return child;
    if (!path.startsWith(`${key}.`) || !isBranch(child)) continue;
    const found = valueAt(child, path.slice(key.length + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The paths with modules that lie where `path` leaves the tree. */
function pathsNear(branch: object, path: string, before = ''): string[] {
  const children = Array.from(entries(branch)).filter(([, child]) => hasModules(child));
  const below = children.flatMap(([key, child]) =>
    path.startsWith(`${key}.`)
      ? pathsNear(child as object, path.slice(key.length + 1), join(before, key))
      : [],
  );
  return below.length > 0 ? below : children.map(([key]) => join(before, key));
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}
