import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { describeWithShared, sharedFile } from '../helpers/shared.js';
import { expectError, skipscale } from '../helpers/skipscale.js';

describeWithShared('data', 'report', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skipscale-report-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
    expect(tf.memory().numTensors).toBe(0);
  });

  test('writes a page on the embedded network', async () => {
    const out = join(folder, 'report.html');
    const { status, stdout, stderr } = await skipscale(
      ...['report', '--model', 'resnet20', '--data', sharedFile('data', 'cifar10', 'images')],
      ...['--out', out, '--images', '2', '--title', 'CIFAR-10'],
    );
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/report\.html: 0\.\d MB/);
    const page = readFileSync(out, 'utf8');
    expect(page).toContain('<title>CIFAR-10</title>');
    expect(page.match(/<li>/g)).toHaveLength(6);
  });

  test('says what is missing', async () => {
    expectError(
      await skipscale('report', '--data', join(folder, 'nothing')),
      'there is no such file or folder',
    );
    expectError(await skipscale('report'), /data/);
    const out = join(folder, 'none', 'report.html');
    // Before the work, which would be lost.
    expectError(
      await skipscale('report', '--data', folder, '--out', out),
      /cannot be written: the folder is not there/,
    );
  });
});
