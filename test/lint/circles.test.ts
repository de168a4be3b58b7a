import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What `npm run lint` says of the imports of a package's `src`. */
function cruise(files: Record<string, string>): { status: number | null; stdout: string } {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-circles-'));
  try {
    for (const [file, content] of Object.entries({ 'package.json': '{ "type": "module" }', ...files })) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), content);
    }
    const cwd = process.cwd();
    const program = join(cwd, 'node_modules/.bin/depcruise');
    const options = [
      '--config',
      join(cwd, '.dependency-cruiser.js'),
      '--ts-config',
      join(cwd, 'tsconfig.json'),
    ];
    const { status, stdout } = spawnSync(program, ['src', ...options], {
      cwd: folder,
      encoding: 'utf8',
    });
    return { status, stdout };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test.each([
  ['of values', "import { a } from './a.js';\nexport const b = () => a;\n"],
  ['of types alone', "import type { A } from './a.js';\nexport type B = A;\n"],
])('a circle of imports is an error: %s', (_, code) => {
  const a = "import * as b from './b.js';\nexport type A = typeof b;\nexport const a = 1;\n";
  const { status, stdout } = cruise({ 'src/a.ts': a, 'src/b.ts': code });
  expect(status).not.toBe(0);
  expect(stdout).toMatch(/no-circular: src\/a\.ts →\s+src\/b\.ts →\s+src\/a\.ts/);
});

test('imports without a circle are none', () => {
  const { status, stdout } = cruise({
    'src/a.ts': "import type { B } from './b.js';\nexport type A = B;\n",
    'src/b.ts': 'export type B = 1;\n',
  });
  expect({ status, stdout }).toEqual({
    status: 0,
    stdout: expect.stringContaining('no dependency violations found') as string,
  });
});
