// Bundles the page from the built package and serves it.
import { fileURLToPath } from 'node:url';
import { context } from 'esbuild';

const page = await context({
  absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
  entryPoints: ['main.ts'],
  outdir: '.',
  write: false,
  bundle: true,
  format: 'esm',
  // This repository's tsconfig.json would lead to the sources rather than the package.
  tsconfigRaw: {},
});
const { hosts, port } = await page.serve({
  servedir: '.',
  host: 'localhost',
  port: Number(process.argv[2] ?? 8000),
});
console.log(`http://${hosts[0]}:${port}`);
