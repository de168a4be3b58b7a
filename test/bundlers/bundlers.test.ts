import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { build, buildOwn, install, pack, serve, stopAll } from './app.js';
import { cells, type Cell } from './cells.js';
import { faults, tableOf, writeTable, type Result } from './results.js';
import { launch, visit } from './visit.js';

// SKIPSCALE_BUNDLERS=vite-8,rollup runs these apps only.
const only = process.env.SKIPSCALE_BUNDLERS?.split(',');
const chosen = cells.filter(({ app }) => !only || only.includes(app));
const results = new Map<Cell, Result>();
// SKIPSCALE_WRITE_TABLE=1 measures skipscale's share too, by a second build, and writes the table in docs/bundlers.md.
const writesTable = Boolean(process.env.SKIPSCALE_WRITE_TABLE);

const gzipped = (scripts: Buffer[]) => scripts.reduce((sum, script) => sum + gzipSync(script).length, 0);

/** Says how long something took. */
async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const begin = Date.now();
  try {
    return await work();
  } finally {
    process.stderr.write(`${((Date.now() - begin) / 1000).toFixed(1).padStart(6)} s  ${what}\n`);
  }
}

async function runCell(cell: Cell, folder: string, browser: Browser): Promise<Result> {
  const result: Result = {};
  try {
    result.output = await build(cell, folder);
    const { origin, output, close } = await serve(cell, folder);
    try {
      result.classify = await visit(browser, `${origin}/`, 'cat');
      result.small = await visit(browser, `${origin}/small/`, 'resnet18');
    } finally {
      close();
      result.output += output();
    }
    if (cell.measured) result.bytes = gzipped(result.small.scripts);
    if (cell.own && writesTable) result.ownBytes = gzipped(await buildOwn(cell, folder));
  } catch (error) {
    result.error = [(error as Error).message, result.output].join('\n');
  }
  return result;
}

/** Installs an app and runs its cells, one after the other. */
async function runApp(app: string, folder: string, tarball: string, browser: Browser): Promise<void> {
  const error = await timed(`${app}: install`, () => install(app, folder, tarball)).then(
    () => undefined,
    ({ message }: Error) => message,
  );
  for (const cell of chosen.filter((cell) => cell.app === app)) {
    const run = () => runCell(cell, folder, browser);
    results.set(cell, error ? { error } : await timed(`${app}, ${cell.mode}`, run));
  }
  rmSync(folder, { recursive: true });
}

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-bundlers-'));
  const browser = await launch();
  try {
    const tarball = await pack(folder);
    const apps = [...new Set(chosen.map(({ app }) => app))];
    // Two at a time.
    const worker = async () => {
      for (let app = apps.shift(); app; app = apps.shift()) {
        await runApp(app, join(folder, app), tarball, browser);
      }
    };
    await Promise.all([worker(), worker()]);
  } finally {
    stopAll();
    await browser.close();
    rmSync(folder, { recursive: true });
  }
  const table = tableOf(new Map(chosen.map((cell) => [cell, results.get(cell)!])));
  process.stderr.write(`\n${table}\n`);
  if (writesTable) writeTable(table);
}, 900_000);

describe.each(chosen.map((cell) => ({ title: `${cell.app}, ${cell.mode}`, cell })))('$title', ({ cell }) => {
  const found = () => faults(results.get(cell)!);

  test('names the photo with the weights of the package, and nothing is complained of', () => {
    expect(found().classify).toEqual([]);
  });

  test('makes another network without the weights, and nothing is complained of', () => {
    expect(found().small).toEqual([]);
  });

  if (cell.bundler) {
    test('the bundler warns of nothing', () => {
      expect(found().output).toEqual([]);
    });
  }
});

test('the lock file of every app names no machine and no registry', () => {
  for (const app of new Set(cells.map(({ app }) => app))) {
    expect(readFileSync(`test/bundlers/apps/${app}/package-lock.json`, 'utf8')).not.toContain('"resolved"');
  }
});
