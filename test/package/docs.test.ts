import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { transformSync } from 'esbuild';

const installed = process.env.SKIPSCALE_INSTALLED!;

/** The code blocks of one language in a document. A block that imports nothing continues the one before it. */
function blocks(document: string, language: 'ts' | 'sh'): string[] {
  const fence = new RegExp('^```' + language + '\\n([^]*?)^```$', 'gm');
  const found: string[] = [];
  for (const [, code] of readFileSync(document, 'utf8').matchAll(fence)) {
    if (language === 'ts' && !code!.startsWith('import ')) found.push(found.pop()! + code);
    else found.push(code!);
  }
  return found;
}

const documents = ['README.md', 'docs/guide.md', 'docs/fine-tuning.md', 'docs/simd.md'];
const programs = documents.flatMap((document) =>
  blocks(document, 'ts').map((code, i) => ({ code, name: `${document.replace(/\W/g, '-')}-${i + 1}` })),
);
const commands = documents
  .flatMap((document) => blocks(document, 'sh').flatMap((code) => code.trim().split('\n')))
  // The README's installing commands run in a fresh clone; see .ci/run.
  .map((command) => command.replace('npm ci && npm run build && ', ''))
  .filter((command) => !command.startsWith('npm ci'));

test('the documents have programs and commands', () => {
  expect(programs.length).toBeGreaterThan(8);
  expect(commands.length).toBeGreaterThan(3);
});

test('the programs of the documents are well typed', () => {
  const files = programs.map(({ name, code }) => {
    writeFileSync(join(installed, `${name}.mts`), code);
    return `${name}.mts`;
  });
  const modules = join(process.cwd(), 'node_modules');
  const { stdout } = spawnSync(
    process.execPath,
    [
      join(modules, 'typescript/bin/tsc'),
      ...['--noEmit', '--strict', '--noUncheckedIndexedAccess', '--skipLibCheck', '--module', 'nodenext'],
      ...['--target', 'es2022', '--typeRoots', join(modules, '@types'), '--types', 'node', ...files],
    ],
    { cwd: installed, encoding: 'utf8' },
  );
  expect(stdout).toBe('');
});

// They read the images and weights of ../shared/data/cifar10; without it they are skipped.
const withData = existsSync('../shared/data/cifar10') ? describe : describe.skip;

withData('with ../shared/data/cifar10 there', () => {
  test.each(programs)('the program $name runs', ({ name, code }) => {
    const file = join(installed, `${name}.mjs`);
    writeFileSync(file, transformSync(code, { loader: 'ts', format: 'esm' }).code);
    const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toBe('');
  });

  test.each(commands)('%s', (command) => {
    const PATH = join(installed, 'node_modules/.bin') + delimiter + process.env.PATH;
    const { status, stdout, stderr } = spawnSync(command.replace(/^npx /, ''), {
      shell: true,
      encoding: 'utf8',
      env: { ...process.env, PATH },
    });
    // Without --weights, it is said once what the package's own network knows.
    const note = /^skipscale: this is the ResNet-20 .*\n$/;
    expect({ status, stderr: stderr.replace(note, '') }).toEqual({ status: 0, stderr: '' });
    if (command.includes(' classify ')) expect(stdout).toMatch(/cat(\/0001)?\.jpg\n +\d+\.\d % {2}cat\n/);
    else expect(stdout).toMatch(/parameters/i);
  });
});
