import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The path of a file or folder in the shared data next to the repository, which is not part of it. */
export function sharedFile(...parts: string[]): string {
  return join(__dirname, '..', '..', '..', 'shared', ...parts);
}

/**
 * `describe` where this folder of the shared data is there. Elsewhere a skipped test says what is missing; in CI, where nothing
 * is skipped, the tests run and fail.
 */
export function describeWithShared(folder: string, name: string, tests: () => void): void {
  if (existsSync(sharedFile(folder)) || process.env.CI) describe(name, tests);
  else test.skip(`${name} (../shared/${folder} is not there)`, () => {});
}
