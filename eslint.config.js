import js from '@eslint/js';
import ts from 'typescript-eslint';
import tsdoc from 'eslint-plugin-tsdoc';
import globals from 'globals';

/** Folders of `src` with what each may import; design rule: imports point up this table only. */
const layers = {
  backends: [],
  graph: [],
  core: ['backends', 'graph'],
  layers: ['core', 'backends'],
  blocks: ['core', 'backends', 'graph', 'layers'],
  scaling: [],
  models: ['core', 'backends', 'graph', 'layers', 'blocks', 'scaling'],
  weights: ['core', 'backends', 'graph', 'layers', 'blocks', 'models'],
  vision: ['core', 'backends', 'models'],
  pretrained: ['core', 'backends', 'scaling', 'models', 'weights'],
  training: ['core', 'backends', 'layers', 'models', 'weights', 'vision'],
  explain: ['core', 'backends', 'graph', 'layers', 'blocks', 'models', 'vision', 'training'],
  robustness: ['core', 'backends', 'layers', 'blocks', 'models', 'vision', 'training', 'explain'],
};

/** Where the package's own `#imports` lead. */
const aliases = {
  '#backends': 'backends',
  '#decode-image': 'vision',
  '#fetch': 'core',
  '#gradients': 'backends',
  '#gpu': 'backends',
  '#h5wasm': 'weights',
  '#open-archive': 'training',
  '#read-file': 'core',
};

/** Packages that a folder may import, where not every one; as a regular expression. */
const packages = { scaling: '(?!)', backends: '@tensorflow/|node:|webgpu$' };

/** Errors import nothing, and everything may import them. */
const errors = 'core/errors';

/** Forbids a folder's files to import any sibling folder that is not in its row. */
const importDirection = Object.entries(layers).map(([folder, row]) => {
  const allowed = [folder, ...row];
  const forbidden = [...Object.keys(layers), 'cli'].filter((name) => !allowed.includes(name));
  const forbiddenAliases = Object.keys(aliases).filter((alias) => !allowed.includes(aliases[alias]));
  const patterns = [
    `(\\.\\./)+(?!${errors}\\.js$)(${forbidden.join('|')}|index)(/|\\.js$)`,
    `(${forbiddenAliases.join('|')})$`,
  ];
  if (folder in packages) patterns.push(`(?![.#]|${packages[folder]})`);
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: patterns.map((pattern) => ({
            regex: `^${pattern}`,
            message: `src/${folder} may import only: ${allowed.join(', ')}. See docs/architecture.md.`,
          })),
        },
      ],
    },
  };
});

export default ts.config(
  // AssemblyScript is not TypeScript: its own compiler checks it.
  { ignores: ['**/dist/', 'docs/api/', 'coverage/', '**/node_modules/', 'src/**/assembly/'] },
  js.configs.recommended,
  { languageOptions: { globals: { ...globals.node } } },
  {
    files: ['**/*.ts'],
    extends: [ts.configs.strict],
    plugins: { tsdoc },
    rules: {
      'tsdoc/syntax': 'error',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: { 'max-lines-per-function': ['error', { max: 60, skipBlankLines: true, skipComments: true }] },
  },
  ...importDirection,
  {
    files: [`src/${errors}.ts`, 'src/core/nearest-name.ts'],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex: '^(?!\\./nearest-name\\.js$)' }] }] },
  },
);
