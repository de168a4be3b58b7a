import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** What `train` writes into its folder: the weights at the end, and before it those of the best epoch. */
const trained = ['model.safetensors', 'best.safetensors'];

/**
 * The file of weights in a folder that `train` wrote; whatever else `weights` is, stays as it is.
 * @throws Error where the folder has no weights.
 */
export async function weightsFile(weights: string): Promise<string> {
  const isFolder = await stat(weights).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return weights;
  for (const path of trained.map((name) => join(weights, name))) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  throw new Error(
    `The folder ${weights} has no ${trained.join(' and no ')}; give a folder that train wrote, or a file of weights.`,
  );
}
