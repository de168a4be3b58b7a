/**
 * Compiles AssemblyScript to WebAssembly modules as base64. As text they need no address, so Node, bundlers and browsers all
 * find them.
 *
 * - `src/backends/simd/assembly` to `src/backends/simd/binaries.ts`: one with and one without relaxed SIMD.
 * - `src/vision/simd/assembly` to `src/vision/simd/binary.ts`.
 *
 * It compiles only if a source is newer than the result.
 */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Compiles what is stale. */
export async function buildSimd() {
  await buildBackend();
  await buildVision();
}

async function buildBackend() {
  const shared = ['kernel-ids.ts', 'operation-ids.ts', 'winograd-layout.ts'];
  await compileStale('src/backends/simd', 'binaries.ts', shared, async (folder) => {
    // 4 GiB, shared between threads; the backend says how much of it there is at first.
    const memory = ['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'];
    const source = `${folder}/assembly/index.ts`;
    const plain = await compile(source, [...memory, '--enable', 'simd,threads']);
    const relaxed = await compile(source, [...memory, '--enable', 'simd,threads,relaxed-simd']);
    return (
      `/** The module for SIMD and threads, base64. */\nexport const plainBinary: string =\n  '${plain}';\n\n` +
      `/** The same with relaxed SIMD. */\nexport const relaxedBinary: string =\n  '${relaxed}';\n`
    );
  });
}

async function buildVision() {
  await compileStale('src/vision/simd', 'binary.ts', [], async (folder) => {
    // 8 MiB, so that memory seldom grows, which would undo what a JavaScript engine has compiled.
    const options = ['--enable', 'simd', '--initialMemory', '128'];
    const binary = await compile(`${folder}/assembly/index.ts`, options);
    return `/** The module that resamples and filters pictures, base64. */\nexport const binary: string =\n  '${binary}';\n`;
  });
}

/** Writes what `make` gives to the target, if one of the sources is newer: this script, what is in `assembly`, and `others`. */
async function compileStale(folder, targetName, others, make) {
  const target = join(root, folder, targetName);
  const assembly = join(root, folder, 'assembly');
  const sources = [
    fileURLToPath(import.meta.url),
    ...others.map((file) => join(root, folder, file)),
    ...readdirSync(assembly).map((file) => join(assembly, file)),
  ];
  const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
  if (existsSync(target) && statSync(target).mtimeMs > newest) return;
  writeFileSync(target, `// Made by scripts/build-simd.js.\n\n${await make(folder)}`);
}

async function compile(source, options) {
  let binary;
  const { error, stderr } = await asc.main(
    [
      source,
      ...['--outFile', 'simd.wasm', '-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
      ...options,
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
