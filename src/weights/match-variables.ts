/** Compares a module's variables with the tensors of a file, and assigns those that fit. */
import * as tf from '@tensorflow/tfjs-core';
import { check } from '../core/errors.js';
import { listed } from '../core/listed.js';
import type { NamedVariable } from '../core/module.js';
import { writeTensor } from '../core/write-tensor.js';
import type { HostTensor } from './formats/checkpoint.js';
import { ignored } from './names/architecture.js';
import type { KeyedVariable } from './names/layout.js';

/** A variable with the file's tensor for it. */
export type FoundVariable = KeyedVariable & { readonly tensor: HostTensor };

/** What of a module is in a file, and what is not. */
export interface VariableMatch {
  readonly found: readonly FoundVariable[];
  /** Keys of the module that the file does not have. */
  readonly missing: readonly string[];
  /** Keys of the file that the module does not have. */
  readonly extra: readonly string[];
  /** Keys of both with their two shapes, where these differ. */
  readonly misshaped: readonly string[];
}

/**
 * Looks for variables in a file.
 * @param wanted - Those to be loaded.
 * @param all - All of the module.
 */
export function matchVariables(
  wanted: readonly KeyedVariable[],
  all: readonly KeyedVariable[],
  tensors: ReadonlyMap<string, HostTensor>,
): VariableMatch {
  const found = wanted.flatMap((keyed) => {
    const tensor = tensors.get(keyed.key);
    return tensor ? [{ ...keyed, tensor }] : [];
  });
  const known = new Set(all.map(({ key }) => key));
  return {
    found,
    missing: wanted.map(({ key }) => key).filter((key) => !tensors.has(key)),
    extra: [...tensors.keys()].filter((key) => !known.has(key) && !ignored.test(key)),
    misshaped: found.flatMap(({ key, tensor, sourceShape }) =>
      isSameShape(tensor.shape, sourceShape) ? [] : [`${key} is [${tensor.shape}], not [${sourceShape}]`],
    ),
  };
}

/** The problems of a match in words, a line each: keys of another shape and, where `strict`, missing and extra ones. */
export function problemsOf({ missing, extra, misshaped }: VariableMatch, strict: boolean): string[] {
  const unequal = strict ? [list('missing', missing), list('not in the model', extra)] : [];
  return [...unequal, list('of another shape', misshaped)].filter(Boolean);
}

function list(what: string, keys: readonly string[]): string {
  return keys.length === 0 ? '' : `${keys.length} ${what}: ${listed(keys, 20)}`;
}

/** Throws where a value is not finite; the message lists the keys. */
export function checkFinite(found: readonly FoundVariable[]): void {
  const keys = found.filter(({ tensor }) => !tensor.isFinite()).map(({ key }) => key);
  if (keys.length === 0) return;
  throw new Error(`The weights hold NaN or infinity; fetch them again.\n${list('not finite', keys)}`);
}

/** The variables outside of these parts. */
export function withoutParts(
  variables: readonly KeyedVariable[],
  parts: readonly string[],
  model: string,
): readonly KeyedVariable[] {
  const isOf = (part: string) => (named: NamedVariable) =>
    named.name === part || named.name.startsWith(`${part}.`);
  for (const part of parts) {
    check(
      variables.some(isOf(part)),
      () => `except names '${part}', which ${model} does not have; give names such as 'head' or 'stages.3'.`,
    );
  }
  return variables.filter((named) => !parts.some((part) => isOf(part)(named)));
}

/** Assigns all, or where memory is out, none; until then there are two of each. */
export function assignAll(found: readonly FoundVariable[]): void {
  tf.tidy(() => {
    const values = found.map(valuesOf);
    found.forEach(({ variable }, i) => variable.assign(values[i]!));
  });
}

/** Assigns one after the other, of a model that is thrown away where memory is out. */
export function assignEach(found: readonly FoundVariable[]): void {
  for (const each of found) tf.tidy(() => each.variable.assign(valuesOf(each)));
}

function valuesOf({ variable, axes, tensor }: FoundVariable): tf.Tensor {
  const values = axes ? tensor.transpose(axes) : tensor;
  return writeTensor(variable.shape, (out) => values.writeTo(out));
}

function isSameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, i) => size === b[i]);
}
