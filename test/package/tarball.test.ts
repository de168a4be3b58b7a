import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

const tarball = process.env.SKIPSCALE_TARBALL!;
const installed = join(process.env.SKIPSCALE_INSTALLED!, 'node_modules/skipscale');

const files = readdirSync(installed, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));

test('the tarball is small and holds the built package, its weights and the documents only', () => {
  const strange = files.filter(
    (file) =>
      !/^(LICENSE|README\.md|package\.json|docs\/[a-z-]+\.md|docs\/[a-z]+\/[a-z0-9-]+\.(csv|svg)|examples\/photos\/(cat\.jpg|README\.md)|dist\/(esm\/.+\.(js|d\.ts)|cjs\/.+\.(cjs|d\.cts)|browser\/.+\.js))$/.test(
        file,
      ),
  );
  expect(strange).toEqual([]);
  expect(files.length).toBeGreaterThan(100);
  // Of these, 560,000 are the weights, 300,000 the copy for pages without a bundler, and 60,000 the documents.
  expect(statSync(tarball).size).toBeLessThan(2_700_000);
});

test('no file names a source map, a relative import that is not there, or a path of the machine it was built on', () => {
  for (const file of files.filter((file) => /\.(c?js|d\.c?ts)$/.test(file))) {
    const text = readFileSync(join(installed, file), 'utf8');
    expect([file, text.includes('sourceMappingURL')]).toEqual([file, false]);
    expect([file, text.includes(process.cwd())]).toEqual([file, false]);
    for (const [, specifier] of text.matchAll(/^(?:import|export)\b[^'"\n]*['"](\.{1,2}\/[^'"]+)['"]/gm)) {
      const target = join(installed, file, '..', specifier!);
      expect([file, specifier, existsSync(target)]).toEqual([file, specifier, true]);
    }
  }
});

test('sideEffects names files that exist, in both formats', () => {
  const { sideEffects } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as {
    sideEffects: string[];
  };
  for (const file of sideEffects) expect(files).toContain(file.replace('./', ''));
  const names = (format: string, extension: string) =>
    sideEffects
      .filter((file) => file.startsWith(`./dist/${format}/`))
      .map((file) => file.slice(`./dist/${format}/`.length, -extension.length));
  // The command line is ESM only.
  expect([...names('cjs', '.cjs'), 'cli/main']).toEqual(names('esm', '.js'));
});

test('publint and arethetypeswrong find nothing', () => {
  const run = (tool: string, ...args: string[]) =>
    execFileSync('npx', [tool, ...args, tarball], { stdio: 'pipe' });
  run('publint', '--strict');
  // h5wasm is ESM alone, and so is what imports it.
  run('attw', '--exclude-entrypoints', 'hdf5', '--profile', 'node16');
});

test('every relative link of the documents leads to a file of the tarball', () => {
  const links = files
    .filter((file) => file.endsWith('.md'))
    .flatMap((file) =>
      Array.from(
        readFileSync(join(installed, file), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g),
        ([, link]) => ({ file, target: posix.join(dirname(file), link!) }),
      ),
    );
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter(({ target }) => !files.includes(target))).toEqual([]);
});
