/**
 * Builds `dist/esm` and `dist/cjs`: JavaScript by esbuild, one file a source file, and declarations by tsc.
 *
 * One file is bundled: `core/gradients.js`. tfjs-core publishes its gradients only as ESM without file
 * extensions, which plain Node cannot import; bundled, they register themselves with the engine that every
 * copy of tfjs-core in a process shares.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, globSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { build } from 'esbuild';

const require = createRequire(import.meta.url);
rmSync('dist', { recursive: true, force: true });

const formats = { esm: 'module', cjs: 'commonjs' };
for (const [format, type] of Object.entries(formats)) {
  const options = { format, platform: 'neutral', target: 'es2022', logLevel: 'warning', outbase: 'src', outdir: `dist/${format}` };
  await build({ ...options, entryPoints: ['src/**/*.ts'] });
  await build({ ...options, entryPoints: ['src/core/gradients.ts'], bundle: true, minifySyntax: true });
  writeFileSync(`dist/${format}/package.json`, JSON.stringify({ type }));
}
