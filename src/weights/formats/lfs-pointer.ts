import { CheckpointError } from './checkpoint.js';

/**
 * Checks that bytes are not what Git LFS leaves in the place of a large file.
 * @throws CheckpointError
 */
export function checkNoPointer(bytes: Uint8Array): void {
  if (!new TextDecoder().decode(bytes.subarray(0, 24)).startsWith('version https://git-lfs')) return;
  throw new CheckpointError(
    'This is a pointer of Git LFS, and not the file itself. Get that by git lfs pull in the repository, or download it.',
  );
}
