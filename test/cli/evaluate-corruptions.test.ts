import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeWithShared, sharedFile } from '../helpers/shared.js';
import { expectError, skipscale } from '../helpers/skipscale.js';

describeWithShared('data/cifar10', 'skipscale evaluate --corruptions', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'skipscale-corruptions-'));
    for (const name of ['airplane', 'ship']) {
      mkdirSync(join(folder, 'data', name), { recursive: true });
      for (const file of ['0000.jpg', '0001.jpg'])
        cpSync(sharedFile('data/cifar10', 'images', name, file), join(folder, 'data', name, file));
    }
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  const evaluate = (...args: string[]) => skipscale('evaluate', join(folder, 'data'), ...args);

  test('prints errors by severity, and compares with what another run printed', async () => {
    const first = await evaluate('--corruptions', 'contrast,gaussian_noise', '--json');
    expect(first.status).toBe(0);
    const { bySeverity } = JSON.parse(first.stdout) as { bySeverity: Record<string, number[]> };
    expect(Object.entries(bySeverity).map(([name, list]) => [name, list.length])).toEqual([
      ['contrast', 5],
      ['gaussian_noise', 5],
    ]);
    const file = join(folder, 'baseline.json');
    writeFileSync(file, JSON.stringify({ cleanError: 0.1, errors: { contrast: 0.5 } }));
    const second = await evaluate('--corruptions', 'contrast', '--baseline', file);
    expect(second.stdout).toMatch(
      /^error without corruption .*\n {2}contrast( +\d+\.\d %){6}\nmean error .* %\nmean corruption error/,
    );
    expect(second.stdout).toMatch(/relative mean corruption error/);
  });

  test('says what is wrong', async () => {
    expectError(await evaluate('--corruptions', 'rain'), "The corruption is 'rain'; give one of");
    expectError(
      await evaluate('--corruptions', 'fog', '--baseline', 'none.json'),
      'The baseline none.json cannot be read',
    );
    expectError(await evaluate('--baseline', 'alexnet'), '--baseline is of --corruptions; give both');
  });
});
