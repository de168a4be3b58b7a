/**
 * Compiles `src/backends/simd/assembly` to `src/backends/simd/binaries.ts`: two WebAssembly modules as base64, with
 * and without relaxed SIMD. As text they need no address, so Node, bundlers and browsers all find them.
 *
 * It compiles only if a source is newer than the result.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'src/backends/simd');
const target = join(folder, 'binaries.ts');

/** Compiles what is stale. */
export async function buildSimd() {
  const assembly = join(folder, 'assembly');
  const sources = [
    fileURLToPath(import.meta.url),
    ...['kernel-ids.ts', 'operation-ids.ts', 'winograd-layout.ts'].map((file) => join(folder, file)),
    ...readdirSync(assembly).map((file) => join(assembly, file)),
  ];
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  if (existsSync(target) && statSync(target).mtimeMs > newest) return;
  const [plain, relaxed] = [
    await compile(['simd', 'threads']),
    await compile(['simd', 'threads', 'relaxed-simd']),
  ];
  writeFileSync(
    target,
    `// Made by scripts/build-simd.js.\n\n` +
      `/** The module for SIMD and threads, base64. */\nexport const plainBinary: string =\n  '${plain}';\n\n` +
      `/** The same with relaxed SIMD. */\nexport const relaxedBinary: string =\n  '${relaxed}';\n`,
  );
}

async function compile(features) {
  let binary;
  const { error, stderr } = await asc.main(
    [
      'src/backends/simd/assembly/index.ts',
      ...['--outFile', 'simd.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
      // 4 GiB, shared between threads; the backend says how much of it there is at first.
      ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
      ...['--enable', features.join(',')],
    ],
    {
      readFile: (name, base) => {
        const path = join(base, name);
        return existsSync(path) ? readFileSync(path, 'utf8') : null;
      },
      listFiles: (dir, base) => readdirSync(join(base, dir)).filter((file) => file.endsWith('.ts')),
      writeFile: (name, contents) => {
        if (name.endsWith('.wasm')) binary = Buffer.from(contents);
      },
    },
  );
  if (error) throw new Error(`AssemblyScript: ${error.message}\n${stderr.toString()}`);
  return binary.toString('base64');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildSimd();
