import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(__dirname, '..', '..');

/** The rows of the table that a script prints; what it found goes to standard error. */
function tableOf(script: string, ...options: string[]): string[][] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join('scripts', script), ...options], {
    cwd: root,
    encoding: 'utf8',
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split('|').map((cell) => cell.trim()));
}

test('20 changed files of each kind are read or refused clearly', () => {
  const kinds =
    'safetensors pth legacy-pth h5 keras saved-model pytorch-model training shards manifest config tar tar-gz idx cifar image';
  const names = kinds.split(' ');
  const options = names.flatMap((name) => ['--kind', name]);
  const rows = tableOf('fuzz.js', '--count', String(20 * names.length), '--seed', '1', ...options);
  expect(rows.map(([, kind, cases, , , found]) => [kind, cases, found])).toEqual(
    names.map((name) => [name, '20', '0']),
  );
});

test('a short soak leaves no tensor and takes no more memory', () => {
  const rows = tableOf('soak.js', '--predictions', '250', '--steps', '60');
  expect(rows.map(([, work, , , left]) => [work, left])).toEqual([
    ['predictions', '0'],
    ['training steps', '0'],
  ]);
});
