import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** What each folder of `src` may import, as docs/architecture.md says. */
const mayImport: Record<string, readonly string[]> = {
  core: ['backends'],
  layers: ['backends', 'core'],
  blocks: ['layers', 'backends', 'core'],
  scaling: [],
  models: ['blocks', 'layers', 'scaling', 'backends', 'core'],
  weights: ['models', 'blocks', 'layers', 'backends', 'core'],
  vision: ['models', 'backends', 'core'],
  pretrained: ['models', 'weights', 'scaling', 'backends', 'core'],
  training: ['models', 'layers', 'weights', 'vision', 'backends', 'core'],
  explain: ['training', 'vision', 'models', 'layers', 'blocks', 'core', 'graph', 'backends'],
  robustness: ['models', 'layers', 'blocks', 'vision', 'training', 'explain', 'backends', 'core'],
  backends: [],
};
const folders = Object.keys(mayImport);

interface Snippet {
  readonly path: string;
  readonly code: string;
  readonly allowed: boolean;
}

function snippet(from: string, specifier: string, allowed: boolean): Snippet[] {
  return [
    {
      path: `src/${from}/snippet.ts`,
      code: `import { x } from '${specifier}';\nexport const y = x;\n`,
      allowed,
    },
    { path: `src/${from}/snippet.ts`, code: `export type { X } from '${specifier}';\n`, allowed },
    { path: `src/${from}/snippet.ts`, code: `import '${specifier}';\n`, allowed },
  ];
}

/** The snippets that the linter judges otherwise than it should. */
function misjudged(snippets: readonly Snippet[]): unknown[] {
  const output = execFileSync(process.execPath, [join(__dirname, 'lint.mjs')], {
    input: JSON.stringify(snippets),
    encoding: 'utf8',
  });
  const broken = JSON.parse(output) as string[][];
  expect(broken).toHaveLength(snippets.length);
  return snippets.flatMap(({ path, code, allowed }, i) => {
    const expected = allowed ? [] : ['no-restricted-imports'];
    return JSON.stringify(broken[i]) === JSON.stringify(expected) ? [] : [{ path, code, broken: broken[i] }];
  });
}

test('a folder imports those of its row and no other', () => {
  const pairs = folders.flatMap((from) =>
    [...folders, 'cli'].map((to) => ({ from, to, allowed: from === to || mayImport[from]!.includes(to) })),
  );
  const snippets = pairs.flatMap(({ from, to, allowed }) => [
    ...(from === to ? [] : snippet(from, `../${to}/file.js`, allowed)),
    ...snippet(`${from}/deep`, `../../${to}/file.js`, allowed),
  ]);
  expect(snippets.filter(({ allowed }) => !allowed).length).toBeGreaterThan(400);
  expect(misjudged(snippets)).toEqual([]);
});

test('no folder but cli imports the whole package', () => {
  const snippets = folders.flatMap((from) => snippet(from, '../index.js', false));
  expect(misjudged([...snippets, ...snippet('cli', '../index.js', true)])).toEqual([]);
});

test('every folder imports the errors, which import nothing', () => {
  const snippets = folders.flatMap((from) => [
    ...(from === 'core' ? [] : snippet(from, '../core/errors.js', true)),
    ...snippet(`${from}/deep`, '../../core/errors.js', true),
  ]);
  const allowed = ['../backends/ready.js', './module.js', '@tensorflow/tfjs-core'].flatMap((specifier) =>
    snippet('core', specifier, false).map((each) => ({ ...each, path: 'src/core/errors.ts' })),
  );
  expect(misjudged([...snippets, ...allowed])).toEqual([]);
});

test("the package's own imports keep the direction too", () => {
  const homes = {
    '#backends': 'backends',
    '#decode-image': 'vision',
    '#fetch': 'core',
    '#gradients': 'backends',
    '#h5wasm': 'weights',
    '#open-archive': 'training',
    '#read-file': 'core',
  };
  const snippets = Object.entries(homes).flatMap(([alias, home]) =>
    folders.flatMap((from) => snippet(from, alias, from === home || mayImport[from]!.includes(home))),
  );
  expect(misjudged(snippets)).toEqual([]);
});

test('scaling imports no package, backends only tfjs and Node', () => {
  expect(
    misjudged([
      ...snippet('scaling', '@tensorflow/tfjs-core', false),
      ...snippet('scaling', 'node:fs', false),
      ...snippet('scaling', './file.js', true),
      ...snippet('backends', '@tensorflow/tfjs-core', true),
      ...snippet('backends', 'node:os', true),
      ...snippet('backends', 'sharp', false),
      ...snippet('backends/simd', './file.js', true),
      ...snippet('vision', 'sharp', true),
    ]),
  ).toEqual([]);
});
