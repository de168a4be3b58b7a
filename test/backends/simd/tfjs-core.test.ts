import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';

/** What run-tfjs-core.cjs prints for each test. */
interface Result {
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'pending';
  readonly messages: string[];
}

const root = join(__dirname, '..', '..', '..');
const packages = join(root, 'node_modules', '@tensorflow');
const core = join(packages, 'tfjs-core', 'dist');

/** tfjs-core's tests of operations, gradients, optimizers and tensors; the others do not compute with a backend. */
function testFiles(): string[] {
  const folders = ['ops', 'optimizers', 'public'].flatMap((folder) =>
    readdirSync(join(core, folder), { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  );
  const others = ['buffer', 'debug_mode', 'engine', 'gradients', 'profiler', 'tensor', 'variable'];
  const files = [
    ...folders.filter((file) => file.endsWith('_test.js')),
    ...others.map((n) => `${n}_test.js`),
  ];
  return files.map((file) => join(core, file));
}

/** Bundles the tests with the backend over one copy of tfjs, its ES modules, which Node cannot import as they are. */
async function bundle(outfile: string): Promise<void> {
  const imports = [
    join(core, 'register_all_gradients.js'),
    join(core, 'public', 'chained_ops', 'register_all_chained_ops.js'),
    join(packages, 'tfjs-backend-cpu', 'dist', 'index.js'),
    './index.js',
  ];
  const contents = [
    ...imports.map((file) => `import ${JSON.stringify(file)};`),
    `import { setTestEnvs } from ${JSON.stringify(join(core, 'jasmine_util.js'))};`,
    `setTestEnvs([{ name: 'simd', backendName: 'simd', isDataSync: true }]);`,
    // An import would come before the line above.
    ...testFiles().map((file) => `require(${JSON.stringify(file)});`),
  ].join('\n');
  await build({
    stdin: { contents, resolveDir: join(root, 'src', 'backends', 'simd'), loader: 'ts' },
    ...{ bundle: true, platform: 'node', format: 'cjs', outfile, logLevel: 'error' },
    // tfjs-core's package.json does not list all files that have side effects.
    ignoreAnnotations: true,
    alias: {
      '@tensorflow/tfjs-core': core,
      '@tensorflow/tfjs-backend-cpu': join(packages, 'tfjs-backend-cpu', 'dist'),
    },
    external: ['jasmine-core/*'],
  });
}

test("tfjs-core's own tests of operations, gradients and tensors pass", async () => {
  const folder = mkdtempSync(join(root, 'node_modules', '.tfjs-core-'));
  try {
    const file = join(folder, 'tests.cjs');
    await bundle(file);
    const runner = join(__dirname, 'run-tfjs-core.cjs');
    const { stdout } = await promisify(execFile)(process.execPath, [runner, file], { maxBuffer: 2 ** 26 });
    // The profiler's tests print too.
    const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
    const results = lines.map((line) => JSON.parse(line) as Result);
    expect(results.filter(({ status }) => status === 'failed')).toEqual([]);
    // So many that none of the files can have been left out; tfjs-core itself leaves one pending.
    expect(results.filter(({ status }) => status === 'passed').length).toBeGreaterThan(3800);
    expect(results.filter(({ status }) => status === 'pending').map(({ name }) => name)).toEqual([
      'debug on simd {} A x B',
    ]);
    expect(results.some(({ name }) => name.startsWith('conv2d simd'))).toBe(true);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
