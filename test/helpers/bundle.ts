import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

/** Bundles a program into a folder, for plain Node to run as a module; gives its path. */
export async function bundle(source: string, folder: string): Promise<string> {
  const program = join(folder, basename(source).replace(/\.ts$/, '.js'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  await build({
    entryPoints: [source],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    mainFields: ['module', 'main'],
    external: [
      'sharp',
      'echarts',
      'fastify',
      'h5wasm',
      'hyparquet',
      'hyparquet-writer',
      'prom-client',
      'undici',
    ],
    ignoreAnnotations: true, // package.json's sideEffects speak of dist.
    alias: {
      '#backends': './src/backends/default.node.ts',
      '#decode-image': './src/vision/decode-image.node.ts',
      '#fetch': './src/core/fetch.node.ts',
      '#gradients': './src/backends/gradients.ts',
      '#h5wasm': './src/weights/formats/h5wasm.node.ts',
      '#open-archive': './src/training/data/open-archive.node.ts',
      '#read-file': './src/core/read-file.node.ts',
    },
    banner: {
      js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return program;
}
