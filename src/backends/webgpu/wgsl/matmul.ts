import { declare, lengthOf, readFour, readTerms } from './buffers.js';
import { storeSource, type Epilogue } from './convolution.js';
import { productSource, type Operand, type Tile } from './product.js';

/** Products of the last two axes, [rows, depth] by [depth, columns]; either may lie transposed. */
export interface MatMulSizes {
  /** Only where there are several products, else from the length of the output. */
  readonly rows: number;
  readonly depth: number;
  readonly columns: number;
  readonly count: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

/**
 * A matrix of so many rows or columns, the `across`, and terms; in its buffer the terms of a row or column are next to each
 * other, or those of a term.
 */
function operand(
  letter: 'a' | 'b',
  across: number,
  depth: number,
  termsAreNext: boolean,
  isOne: boolean,
): Operand {
  const buffer = letter === 'a' ? 'left' : 'right';
  const start = isOne ? '' : `z * ${across * depth}u + `;
  if (termsAreNext) {
    return {
      along: 'depth',
      code: `fn ${letter}Across(i: u32) -> u32 { return ${start}i * ${depth}u; }
fn ${letter}Depth(k: u32) -> u32 { return k; }
fn ${letter}Load(start: u32, k: u32) -> vec4f { return ${readTerms(buffer, depth, 'start', 'k')}; }`,
    };
  }
  return {
    along: 'across',
    code: `fn ${letter}Across(i: u32) -> u32 { return ${start}i; }
fn ${letter}Depth(k: u32) -> u32 { return k * ${across}u; }
fn ${letter}Load(i: u32, start: u32) -> vec4f { return ${readFour(buffer, across, 'start + i')}; }`,
  };
}

/** The text of y = epilogue(a b), of the buffers a, b, bias where there is one, and y. */
export function matMulSource(sizes: MatMulSizes, tile: Tile, epilogue: Epilogue): string {
  const { rows, depth, columns, count, transposeA, transposeB } = sizes;
  const buffers = declare([
    { name: 'left', row: transposeA ? rows : depth },
    { name: 'right', row: transposeB ? depth : columns },
    ...(epilogue.bias ? [{ name: 'bias', row: columns }] : []),
    { name: 'y', row: columns, writes: true },
  ]);
  const rowCount = count > 1 ? `${rows}u` : `(arrayLength(&y) / ${lengthOf(columns)}u)`;
  return productSource({
    tile,
    rows: rowCount,
    columns: `${columns}u`,
    depth,
    a: operand('a', rows, depth, !transposeA, count === 1),
    b: operand('b', columns, depth, transposeB, count === 1),
    code: `${buffers}
${storeSource(columns, epilogue, 'column', count > 1 ? `(z * ${rows}u + row)` : 'row')}`,
  });
}
