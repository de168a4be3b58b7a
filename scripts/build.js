/**
 * Builds `dist/esm` and `dist/cjs`: JavaScript by esbuild, one file a source file, and declarations by tsc.
 *
 * One file is bundled: `backends/gradients.js`. tfjs-core publishes its gradients only as ESM without file extensions,
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
  await build({ ...options, entryPoints: sources });
  await build({
    ...options,
    entryPoints: ['src/backends/gradients.ts'],
    bundle: true,
    minify: true,
    plugins: [externalBase],
    allowOverwrite: true,
  });
}
execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });

// CommonJS files of an ESM package, and their declarations, have extensions of their own.
const withCjsImports = (file) =>
  readFileSync(file, 'utf8').replace(/(["'])(\.{1,2}\/[^"'\n]*)\.js\1/g, '$1$2.cjs$1');
for (const file of readdirSync('dist/cjs', { recursive: true }).filter((file) => file.endsWith('.cjs'))) {
  writeFileSync(join('dist/cjs', file), withCjsImports(join('dist/cjs', file)));
}
for (const file of readdirSync('dist/esm', { recursive: true }).filter((file) => file.endsWith('.d.ts'))) {
  writeFileSync(join('dist/cjs', file.replace(/\.ts$/, '.cts')), withCjsImports(join('dist/esm', file)));
}
