import { declare, flatMain, typeOf } from './buffers.js';

/** What a program makes of values at one place: an expression of type V, of those of its inputs. */
export interface Elementwise {
  readonly inputs: readonly string[];
  /** With `V` for the type. */
  readonly value: string;
}

/** The text of a program of values of each place, of its inputs' buffers and the result's, all of a size that is a multiple of `row`. */
export function elementwiseSource({ inputs, value }: Elementwise, row: number): string {
  const buffers = declare([
    ...inputs.map((name) => ({ name: `${name}Values`, row })),
    { name: 'result', row, writes: true },
  ]);
  return `alias V = ${typeOf(row)};
${buffers}
${flatMain(`  if (i >= arrayLength(&result)) { return; }
${inputs.map((name) => `  let ${name} = ${name}Values[i];`).join('\n')}
  result[i] = ${value};`)}`;
}
