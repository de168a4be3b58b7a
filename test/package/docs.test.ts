import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { build, transformSync } from 'esbuild';

/** An empty folder where the packed package is installed: nothing of the repository is there, and no data. */
const installed = process.env.SKIPSCALE_INSTALLED!;

const documents = [
  'README.md',
  'docs/guide.md',
  'docs/simd.md',
  'docs/webgpu.md',
  'docs/pretrained.md',
  'docs/weights.md',
  'docs/explain.md',
  'docs/calibration.md',
  'docs/robustness.md',
  'docs/scale-out.md',
];

/** What is done with a block of code, by what stands next to its language. */
type Kind = 'runs' | 'page' | 'check' | 'command';

interface Block {
  kind: Kind;
  language: string;
  /** The file that the program's first line names, or the command. */
  name: string;
  code: string;
}

/**
 * The programs and commands of a document in its order. A program's first line is a comment with the name of its file. `ts` runs in
 * Node, `ts page` and `tsx page` are for pages, `ts check` needs a network or packages that are not there. Of `sh`, every
 * line is a command.
 */
function blocks(document: string): Block[] {
  const fences = readFileSync(document, 'utf8').matchAll(/^```(tsx?|sh)(?: (page|check))?\n([^]*?)^```$/gm);
  return Array.from(fences).flatMap(([, language, kind = 'runs', code]): Block[] => {
    if (language === 'sh') {
      const commands = code!.trim().split('\n');
      return commands.map((name) => ({ kind: 'command', language, name, code: name }));
    }
    const [, name] = /^\/\/ (\S+\.tsx?)$/m.exec(code!.split('\n')[0]!) ?? [];
    if (name === undefined)
      throw new Error(`A program of ${document} does not begin with its file's name: ${code}`);
    return [{ kind: kind as Kind, language: language!, name, code: code! }];
  });
}

const all = documents.map((document) => ({ document, blocks: blocks(document) }));

test('the documents have programs and commands', () => {
  const count = (kind: Kind) =>
    all.flatMap(({ blocks }) => blocks).filter((block) => block.kind === kind).length;
  expect(count('runs')).toBeGreaterThan(20);
  expect(count('page')).toBeGreaterThan(5);
  expect(count('command')).toBeGreaterThan(5);
});

/** What TypeScript says of these programs, a line a complaint. */
function complaints(folder: string, isMeant: (code: string) => boolean): string {
  // A folder for each document, as they may name files alike.
  const files = all.flatMap(({ document, blocks }) =>
    blocks
      .filter(({ kind, code }) => kind !== 'command' && isMeant(code))
      .map(({ name, code }) => {
        const file = join(folder, document, name.replace(/\.ts$/, '.mts'));
        mkdirSync(join(installed, dirname(file)), { recursive: true });
        writeFileSync(join(installed, file), code);
        return file;
      }),
  );
  const modules = join(process.cwd(), 'node_modules');
  const { stdout } = spawnSync(
    process.execPath,
    [
      join(modules, 'typescript/bin/tsc'),
      ...['--noEmit', '--strict', '--noUncheckedIndexedAccess', '--skipLibCheck', '--module', 'nodenext'],
      // The guide imports tfjs's backend for WebGPU, which is not there.
      ...['--noUncheckedSideEffectImports', 'false'],
      ...['--target', 'es2022', '--typeRoots', join(modules, '@types'), '--types', 'node'],
      ...['--jsx', 'preserve', ...files],
    ],
    { cwd: installed, encoding: 'utf8' },
  );
  return stdout;
}

/** Of programs whose packages are not there. */
const needsMore = /from '(react|next|vite)'/;

test('the programs of the documents are well typed', () => {
  expect(complaints('typed', (code) => !needsMore.test(code))).toBe('');
});

test('programs for React, Next and Vite use no name that they do not import', () => {
  const said = complaints('untyped', (code) => needsMore.test(code));
  expect(said).toContain("Cannot find module 'react'"); // It did look at them.
  expect(said.split('\n').filter((line) => /Cannot find name/.test(line))).toEqual([]);
});

/** What a program or command says, run where a reader runs it. */
function run(command: string, args: string[] = []) {
  const PATH = join(installed, 'node_modules/.bin') + delimiter + process.env.PATH;
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd: installed,
    env: { ...process.env, PATH },
    shell: args.length === 0,
    encoding: 'utf8',
  });
  // Without --weights, it is said once what the package's own network knows; of a folder, what is left out.
  const said = /^skipscale: (this is the ResNet-20 .*|.*1 skipped: README\.md \(not an image\))\n/gm;
  return { status, stdout, stderr: stderr.replace(said, '') };
}

/** Bundles a program for a page, and gives esbuild's complaints, such as of an export that is not there. */
async function bundled({ name, code, language }: Block): Promise<string[]> {
  const { warnings, errors } = await build({
    stdin: { contents: code, sourcefile: name, loader: language as 'ts' | 'tsx', resolveDir: installed },
    bundle: true,
    write: false,
    format: 'esm',
    jsx: 'automatic',
    external: ['react', 'react/*', '@tensorflow/tfjs-backend-webgpu'],
    logLevel: 'silent',
  });
  return [...warnings, ...errors].map(({ text }) => text);
}

// The README's installing commands run in a fresh clone; see .ci/run.
const running = all
  .map(({ document, blocks }) => ({
    document,
    here: blocks
      .map((block) => ({ ...block, name: block.name.replace('npm ci && npm run build && ', '') }))
      .filter(({ kind, name }) => kind !== 'check' && !name.startsWith('npm ci')),
  }))
  .filter(({ here }) => here.length > 0);

describe.each(running)('of $document, in order', ({ here }) => {
  test.each(here)('$kind: $name', async (block) => {
    const { kind, name, code } = block;
    if (kind === 'page') {
      expect(await bundled(block)).toEqual([]);
      return;
    }
    let said: ReturnType<typeof run>;
    if (kind === 'command') {
      const command = name
        .replace(/^npx /, '')
        .replace('node dist/esm/cli/main.js', 'skipscale')
        .replace(' examples/photos', ' node_modules/skipscale/examples/photos');
      said = run(command);
    } else {
      const file = join(installed, name.replace(/\.ts$/, '.mjs'));
      writeFileSync(file, transformSync(code, { loader: 'ts', format: 'esm' }).code);
      said = run(process.execPath, [file]);
    }
    expect(said).toEqual({ status: 0, stdout: expect.stringMatching(/\S/) as string, stderr: '' });
    if (name.includes('cat.jpg')) expect(said.stdout).toMatch(/cat\.jpg(\n +\d+\.\d % {2}|: )cat\n/);
  });
});
