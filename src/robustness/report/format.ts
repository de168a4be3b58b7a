import { markup, type Markup } from '../../core/markup.js';

/** A share in per cent, with one digit after the point. */
export function percent(share: number): string {
  return Number.isFinite(share) ? `${(100 * share).toFixed(1)}\u00a0%` : '–';
}

/** A number with three digits after the point. */
export function decimal(value: number): string {
  return Number.isFinite(value) ? value.toFixed(3) : '–';
}

/** A count with spaces between thousands. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

/** A table whose first column is names. */
export function table(
  head: readonly string[],
  rows: readonly (readonly (string | number | Markup)[])[],
): Markup {
  const row = ([name, ...cells]: readonly (string | number | Markup)[]) =>
    markup`<tr><th scope="row" class="name">${name!}</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>
`;
  return markup`<div class="scroll"><table><thead><tr>${head.map((text) => markup`<th scope="col">${text}</th>`)}</tr></thead>
<tbody>${rows.map(row)}</tbody></table></div>
`;
}
