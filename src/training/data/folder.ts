import { decodeImage } from '#decode-image';
import { nodeModule } from '../../core/node-module.js';
import { classFolders, isImagePath } from './class-folders.js';
import type { Dataset } from './dataset.js';

/**
 * The images of a folder that has one folder a class: JPEG, PNG, WebP or GIF, decoded whenever they are asked for.
 * As torchvision.datasets.ImageFolder. In Node only.
 * @throws Error where the folder cannot be read or has no such folders.
 */
export async function folderDataset(folder: string): Promise<Dataset> {
  const { readdir } = nodeModule<typeof import('node:fs/promises')>('node:fs/promises', 'folderDataset');
  const { join, sep } = nodeModule<typeof import('node:path')>('node:path', 'folderDataset');
  let names: string[];
  try {
    names = await readdir(folder, { recursive: true });
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(
      `${folder} cannot be read (${reason}). Give a folder with one folder of images a class.`,
      {
        cause: error,
      },
    );
  }
  const files = names
    .map((name) => ({ path: name.replaceAll(sep, '/'), decode: () => decodeImage(join(folder, name)) }))
    .filter(({ path }) => isImagePath(path));
  return classFolders(files, folder);
}
