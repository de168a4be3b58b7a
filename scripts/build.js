/**
 * Builds `dist/esm` and `dist/cjs`: JavaScript by esbuild, one file a source file, and declarations by tsc; and
 * `dist/browser`, the same bundled with all packages that it takes, for pages without a bundler.
 *
 * Two things are bundled. The command line, so that it starts fast: Node reads a few files rather than 150, and gets
 * CommonJS packages by `require`, since `import` parses all of such a package first, for the names of its exports.
 *
 * The other is `backends/gradients.js`. tfjs-core publishes its gradients only as ESM without file extensions,
 * which plain Node cannot import. The bundle holds copies of tfjs-core's engine and operations, but no state: engine,
 * kernels and gradients are registered in `globalThis`, where every copy of tfjs-core in a process finds them.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';
import { buildEmbedded } from './build-embedded.js';
import { buildSimd } from './build-simd.js';

await buildSimd();
buildEmbedded();
rmSync('dist', { recursive: true, force: true });

const sources = readdirSync('src', { recursive: true })
  .filter((file) => file.endsWith('.ts') && !file.includes('assembly'))
  .map((file) => join('src', file));
const library = sources.filter((file) => !file.startsWith(join('src', 'cli')));

/** One gradient imports all of tfjs-core; it gets what the package itself imports. */
const externalBase = {
  name: 'external-base',
  setup: ({ onResolve }) =>
    onResolve({ filter: /^\.\.\/base$/ }, () => ({ path: '@tensorflow/tfjs-core', external: true })),
};

const WEIGHTS_TEXT = 'resnet20-cifar10';

/** The weights' text is in `dist/esm` as a module that imports nothing; `dist/cjs` and `dist/browser` import that one. */
const oneCopyOfWeights = {
  name: 'one-copy-of-weights',
  setup: ({ onResolve }) =>
    onResolve({ filter: new RegExp(`/${WEIGHTS_TEXT}\\.js$`) }, () => ({
      path: `../../esm/pretrained/${WEIGHTS_TEXT}.js`,
      external: true,
    })),
};

for (const [format, extension] of [
  ['esm', '.js'],
  ['cjs', '.cjs'],
]) {
  const options = {
    format,
    target: 'es2022',
    platform: 'neutral',
    outbase: 'src',
    outdir: `dist/${format}`,
    outExtension: { '.js': extension },
    // Where a file is; CommonJS has no other word for it.
    define: format === 'cjs' ? { 'import.meta.url': '__filename' } : {},
    logLevel: 'warning',
  };
  await build({
    ...options,
    // For Node's sake CommonJS says what it exports, which `import()` of it needs.
    platform: format === 'cjs' ? 'node' : 'neutral',
    entryPoints: format === 'cjs' ? library.filter((file) => !file.endsWith(`${WEIGHTS_TEXT}.ts`)) : library,
  });
  await build({
    ...options,
    entryPoints: ['src/backends/gradients.ts'],
    bundle: true,
    minify: true,
    plugins: [externalBase],
    allowOverwrite: true,
  });
}

await build({
  entryPoints: {
    index: 'dist/esm/index.js',
    simd: 'dist/esm/backends/simd/index.js',
    gradients: 'dist/esm/gradients.js',
    'tfjs-core': '@tensorflow/tfjs-core',
  },
  outdir: 'dist/browser',
  chunkNames: 'chunks/[name]-[hash]',
  format: 'esm',
  platform: 'browser',
  target: 'es2022',
  bundle: true,
  splitting: true,
  minify: true,
  legalComments: 'none',
  logLevel: 'warning',
  // tsconfig.json leads the package's imports to the sources.
  tsconfigRaw: {},
  plugins: [oneCopyOfWeights],
});
const GRADIENTS = '../../cjs/backends/gradients.cjs';

/** Has the packages that are CommonJS loaded by `require`, and what is base64 from where the library has it. */
const forCommandLine = {
  name: 'for-command-line',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /.*/, namespace: 'require' }, ({ path }) => ({ path, external: true }));
    onResolve({ filter: /\/binaries\.js$/ }, () => ({
      path: '../backends/simd/binaries.js',
      external: true,
    }));
    onResolve({ filter: new RegExp(`/${WEIGHTS_TEXT}\\.js$`) }, () => ({
      path: `../pretrained/${WEIGHTS_TEXT}.js`,
      external: true,
    }));
    onResolve({ filter: /^#gradients$/ }, () => ({ path: GRADIENTS, namespace: 'require' }));
    onResolve({ filter: /^(@tensorflow\/|(commander|cli-progress)$)/ }, ({ path }) => ({
      path,
      namespace: 'require',
    }));
    onLoad({ filter: /.*/, namespace: 'require' }, ({ path }) => {
      if (path === GRADIENTS) return { contents: `require('${path}');` };
      const names = Object.keys(createRequire(import.meta.url)(path));
      return { contents: `export const { ${names.join(', ')} } = require('${path}');` };
    });
  },
};
await build({
  entryPoints: [
    'src/cli/main.ts',
    'src/cli/network-worker.ts',
    'src/cli/prepare-worker.ts',
    'src/cli/training-worker.ts',
  ],
  format: 'esm',
  target: 'es2022',
  platform: 'node',
  outbase: 'src',
  outdir: 'dist/esm',
  chunkNames: 'cli/[name]-[hash]',
  bundle: true,
  splitting: true,
  minify: true,
  // A checkpoint says by which optimizer it was made.
  keepNames: true,
  // package.json says of files in dist which have side effects, and these are in src.
  ignoreAnnotations: true,
  packages: 'external',
  plugins: [forCommandLine],
  banner: {
    js: "import { createRequire } from 'node:module';\nconst require = createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});

execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

// CommonJS files of an ESM package, and their declarations, have extensions of their own.
const withCjsImports = (file) =>
  readFileSync(file, 'utf8')
    .replace(/(["'])(\.{1,2}\/[^"'\n]*)\.js\1/g, '$1$2.cjs$1')
    .replace(`./${WEIGHTS_TEXT}.cjs`, `../../esm/pretrained/${WEIGHTS_TEXT}.js`);
for (const file of readdirSync('dist/cjs', { recursive: true }).filter((file) => file.endsWith('.cjs'))) {
  writeFileSync(join('dist/cjs', file), withCjsImports(join('dist/cjs', file)));
}
for (const file of readdirSync('dist/esm', { recursive: true }).filter((file) => file.endsWith('.d.ts'))) {
  writeFileSync(join('dist/cjs', file.replace(/\.ts$/, '.cts')), withCjsImports(join('dist/esm', file)));
}
