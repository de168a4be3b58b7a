import { access, constants } from 'node:fs/promises';
import { dirname } from 'node:path';
import { WriteError } from '../core/write-error.js';

/**
 * Says before long work whether its result can be written.
 * @throws WriteError where the folder of the file is not there, or this user may not write to it.
 */
export async function checkOutFolder(file: string): Promise<void> {
  try {
    await access(dirname(file), constants.W_OK);
  } catch (error) {
    throw await WriteError.of(file, 0, error);
  }
}
