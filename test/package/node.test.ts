import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const installed = process.env.SKIPSCALE_INSTALLED!;
const own = join(installed, 'own');

interface Trained {
  losses: Record<string, number[]>;
  left: number;
}

/** What a program prints as JSON; it must warn of nothing but `warning`. */
function run<T>(folder: string, program: string, warning = ''): T {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect({ status, stderr: stderr.replaceAll(warning, '') }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

/** What tfjs-core itself says when a second copy of it loads. */
const SECOND_COPY = 'Platform node has already been set. Overwriting the platform with node.\n';

let expected: Trained;
beforeAll(() => {
  expected = run<Trained>(installed, 'esm.mjs');
});

describe('from the tarball in an empty folder, plain Node', () => {
  test('an ESM app trains, and leaves no tensor behind', () => {
    for (const losses of Object.values(expected.losses)) {
      expect(losses).toHaveLength(5);
      losses.slice(1).forEach((loss, i) => expect(loss).toBeLessThan(0.95 * losses[i]!));
    }
    expect(expected.left).toBe(0);
  });

  test('a CommonJS app trains to the same losses', () => {
    expect(run(installed, 'commonjs.cjs')).toEqual(expected);
  });

  test('import and require in one process train to the same losses', () => {
    expect(run(installed, 'both.mjs')).toEqual([expected, expected, expected]);
  });

  test.each(['esm.mjs', 'commonjs.cjs'])("%s trains with a copy of tfjs-core of the app's own", (program) => {
    expect(run(own, 'copies.mjs', SECOND_COPY)).toEqual({ sameCode: false, sameEngine: true });
    expect(run(own, program, SECOND_COPY)).toEqual(expected);
  });

  test("both.mjs, where skipscale comes first, trains with a copy of tfjs-core of the app's own", () => {
    expect(run(own, 'both.mjs', SECOND_COPY)).toEqual([expected, expected, expected]);
  });

  test('skipscale/simd registers its backend once for import and require', () => {
    const { backend, sum, threads } = run<{ backend: string; sum: number; threads: number[] }>(
      installed,
      'simd.mjs',
    );
    expect({ backend, sum }).toEqual({ backend: 'simd', sum: 6 });
    expect(threads[0]).toBe(threads[1]);
  });

  test.each(['pretrained.mjs', 'pretrained.cjs'])('%s finds the weights of the package', (program) => {
    const photo = join(process.cwd(), 'examples/photos/cat.jpg');
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, photo], {
      cwd: installed,
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'cat\n', stderr: '' });
  });

  /** What TypeScript says of the programs that name types. */
  function typeErrors(...more: string[]): string {
    const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', ...more];
    const { stdout } = spawnSync(process.execPath, [tsc, ...options, 'types.mts', 'types.cts'], {
      cwd: installed,
      encoding: 'utf8',
    });
    return stdout;
  }

  test('TypeScript finds the types, in ESM and in CommonJS', () => {
    expect(typeErrors('--skipLibCheck')).toBe('');
  });

  test("without skipLibCheck, errors are those of tfjs's types alone", () => {
    const files = typeErrors('--skipLibCheck', 'false').match(/^\S[^(\n]*(?=\(\d+,\d+\): error)/gm) ?? [];
    expect(files.join('\n')).toContain('@tensorflow/tfjs-core');
    const ofOthers = /\/(@tensorflow\/tfjs-core|@webgpu\/types|typescript\/lib)\//;
    expect(files.filter((file) => !ofOthers.test(file))).toEqual([]);
  });

  test('an ESM app finds every name in the CommonJS build, and in a CommonJS module that passes it on', () => {
    const { count, missing } = run<{ count: number; missing: string[][] }>(installed, 'named.mjs');
    expect(count).toBeGreaterThan(100);
    expect(missing).toEqual([[], []]);
  });
});

test('bundled by esbuild for Node, an app trains to the same losses', async () => {
  const outfile = join(installed, 'bundle.cjs');
  const entryPoints = [join(installed, 'esm.mjs')];
  await build({
    entryPoints,
    outfile,
    bundle: true,
    platform: 'node',
    external: ['sharp'],
    logLevel: 'error',
  });
  expect(run(installed, outfile)).toEqual(expected);
});

test.each([
  ['a CommonJS program', {}],
  ['of a Node that has no import()', { supported: { 'dynamic-import': false } }],
  ['minified', { minify: true }],
])(
  'import() of skipscale in a CommonJS bundle of esbuild finds the weights of the package: %s',
  async (_, more) => {
    const outfile = join(installed, 'imported-bundle.cjs');
    await build({
      entryPoints: [join(installed, 'imported.cjs')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['sharp'],
      logLevel: 'error',
      ...more,
    });
    const photo = join(process.cwd(), 'examples/photos/cat.jpg');
    const { status, stdout, stderr } = spawnSync(process.execPath, [outfile, photo], {
      cwd: installed,
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'cat\n', stderr: '' });
  },
);

const data = join(process.cwd(), '../shared/data/cifar10');
const withData = existsSync(data) || process.env.CI ? test : test.skip; // In CI, nothing is skipped.

withData(
  'skipscale classify names a real image with real weights (skipped without ../shared/data/cifar10)',
  () => {
    const { resnet20 } = JSON.parse(readFileSync(join(data, 'reference.json'), 'utf8')) as {
      resnet20: { predicted: number[] };
    };
    const images = ['airplane/0000.jpg', 'automobile/0001.jpg'].map((image) => join(data, 'images', image));
    const weights = join(data, 'resnet20-12fca82f.th');
    const output = execFileSync(
      join(installed, 'node_modules/.bin/skipscale'),
      ['classify', ...images, '--model', 'resnet20', '--weights', weights, '--json'],
      { encoding: 'utf8' },
    );
    const found = JSON.parse(output) as { classes: { index: number }[] }[];
    expect(found.map(({ classes }) => classes[0]!.index)).toEqual([
      resnet20.predicted[0],
      resnet20.predicted[101],
    ]);
  },
);
