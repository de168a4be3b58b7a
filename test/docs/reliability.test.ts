import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');
const rows = readFileSync(join(root, 'docs', 'reliability.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| (?!the fault|---)/.test(line) && line.includes('.test.ts'));

test('every fault that docs/reliability.md tells of has a test that is there', () => {
  expect(rows.length).toBeGreaterThan(100);
  const missing = rows.flatMap((row) => {
    const files = [...row.matchAll(/test\/[\w/.-]+\.test\.ts/g)].map(([file]) => file);
    if (files.length === 0) return [row];
    return files.filter((file) => !existsSync(join(root, file)));
  });
  expect(missing).toEqual([]);
});
