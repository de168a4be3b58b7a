import { basename, join } from 'node:path';
import { build } from 'esbuild';

/** Bundles a program of `test` into a folder, for plain Node to run; gives its path. */
export async function bundle(source: string, folder: string): Promise<string> {
  const program = join(folder, basename(source).replace(/\.ts$/, '.mjs'));
  await build({
    entryPoints: [source],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    external: ['sharp'],
    ignoreAnnotations: true, // package.json's sideEffects speak of dist.
    alias: {
      '#backends': './src/backends/default.node.ts',
      '#decode-image': './src/vision/decode-image.node.ts',
      '#read-file': './src/core/read-file.node.ts',
    },
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return program;
}
