import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import type { Cell } from './cells.js';
import type { Visit } from './visit.js';

/** What came of a cell; where it failed early, only `error` is there. */
export interface Result {
  error?: string;
  /** What the bundler printed. */
  output?: string;
  classify?: Visit;
  small?: Visit;
  /** The JavaScript that the small page loads, and skipscale's share of it, gzipped. */
  bytes?: number;
  ownBytes?: number;
}

const WARNING = /warn|⚠|\(!\)|deprecat|\berrors?\b(?!\.|-\w)/i;

/** What Next says of a busy machine, which is not about the package. */
const SLOW = /.*Slow filesystem detected\.[^]*?guides\/local-development\n?/g;

/** What is wrong with each part of a result. */
export function faults({ error, output, classify, small }: Result) {
  const page = (visit: Visit | undefined, text: string, weights: boolean) => {
    if (!visit) return [error!];
    const found = [...visit.complaints];
    if (visit.text !== text) found.push(`It shows "${visit.text}" in the place of "${text}".`);
    if (visit.weights !== weights) found.push(`It loads ${weights ? 'no' : 'the'} weights.`);
    return found;
  };
  return {
    classify: page(classify, 'cat', true),
    small: page(small, 'resnet18', false),
    output: [error, WARNING.test((output ?? '').replace(SLOW, '')) ? output : undefined].filter(
      (fault) => fault !== undefined,
    ),
  };
}

export function versionOf({ app, bundler }: Cell): string {
  if (!bundler) return '';
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(`test/bundlers/apps/${app}/package.json`, 'utf8'),
  ) as Record<string, Record<string, string>>;
  return { ...dependencies, ...devDependencies }[bundler]!;
}

/** The results as a table in Markdown. */
export function tableOf(results: Map<Cell, Result>): string {
  const kilobytes = (bytes: number | undefined) => (bytes === undefined ? '' : (bytes / 1000).toFixed(0));
  const rows = [...results].map(([cell, result]) => {
    const works = Object.values(faults(result)).flat().length === 0;
    // A page that fails may not have loaded all.
    const sizes =
      faults(result).small.length === 0 ? [result.bytes, result.ownBytes] : [undefined, undefined];
    return [cell.name, versionOf(cell), cell.mode, works ? 'works' : 'fails', ...sizes.map(kilobytes)];
  });
  return [
    ['bundler', 'version', 'how', 'result', 'page, kB', 'skipscale, kB'],
    ['---', '---', '---', '---', '--:', '--:'],
    ...rows,
  ]
    .map((cells) => `| ${cells.join(' | ')} |\n`)
    .join('');
}

/** Puts a table in its place in docs/bundlers.md. */
export function writeTable(table: string): void {
  const file = 'docs/bundlers.md';
  const text = readFileSync(file, 'utf8');
  const place = /(<!-- table -->\n)[^]*(<!-- end of the table -->)/;
  if (!place.test(text)) throw new Error(`${file} has no place for the table.`);
  writeFileSync(
    file,
    text.replace(place, (_, begin, end) => `${begin}\n${table}\n${end}`),
  );
  execFileSync('npx', ['prettier', '--write', file]);
}
