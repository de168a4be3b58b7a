import { access, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCheckpoints } from '../training/checkpoints/checkpoint-folder.js';

/** What `train` writes into its folder: the weights at the end, and before it those of the best epoch. */
const trained = ['model.safetensors', 'best.safetensors'];

/**
 * The file of weights in a folder that `train` wrote; whatever else `weights` is, stays as it is.
 * @throws Error where there is nothing of this name, or the folder has no weights.
 */
export async function weightsFile(weights: string): Promise<string> {
  if (/^[a-z][\w+.-]+:/i.test(weights)) return weights; // A URL.
  const isFolder = await stat(weights).then(
    (found) => found.isDirectory(),
    ({ code, message }: NodeJS.ErrnoException) => {
      const reason =
        code === 'ENOENT' ? 'there is no such file or folder, and no weights of that name' : message;
      throw new Error(
        `${weights} cannot be read (${reason}). Check the path, or give a name such as timm/resnet50.a1_in1k; docs/pretrained.md ` +
          'lists them.',
      );
    },
  );
  if (!isFolder) return weights;
  for (const path of trained.map((name) => join(weights, name))) {
    const isThere = await access(path).then(
      () => true,
      () => false,
    );
    if (isThere) return path;
  }
  if (await hasCheckpoints(weights)) {
    throw new Error(
      `The training in ${weights} has not come to the end of its first epoch; go on with it by --resume first.`,
    );
  }
  throw new Error(
    `The folder ${weights} has no ${trained.join(' and no ')}; give a folder that train wrote, or a file of weights.`,
  );
}
