import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The path of a file or folder in the shared data beside the repository, which is not part of it. */
export function sharedFile(...parts: string[]): string {
  return join(__dirname, '..', '..', '..', 'shared', ...parts);
}

/** `describe` where the shared data of this name is there; elsewhere its tests are skipped, and say why. */
export function describeWithShared(folder: string, name: string, tests: () => void): void {
  if (existsSync(sharedFile(folder))) describe(name, tests);
  else describe.skip(`${name} (skipped: ../shared/${folder} is not there)`, tests);
}
