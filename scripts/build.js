/**
 * Builds `dist/esm` and `dist/cjs`: JavaScript by esbuild, one file a source file, and declarations by tsc; and
 * `dist/browser`, the same bundled with all packages that it takes, for pages without a bundler.
 *
 * One file of the former is bundled too: `backends/gradients.js`. tfjs-core publishes its gradients only as ESM without file extensions,
 * which plain Node cannot import. The bundle holds copies of tfjs-core's engine and operations, but no state: engine,
 * kernels and gradients are registered in `globalThis`, where every copy of tfjs-core in a process finds them.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    entryPoints: format === 'cjs' ? sources.filter((file) => !file.endsWith(`${WEIGHTS_TEXT}.ts`)) : sources,
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
  // tsconfig.json leads the package's own imports to the sources.
  tsconfigRaw: {},
  plugins: [oneCopyOfWeights],
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
