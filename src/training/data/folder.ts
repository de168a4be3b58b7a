import { decodeImage } from '#decode-image';
import { nodeModule } from '../../core/node-module.js';
import { classFolders, isHidden, type ClassFolderOptions } from './class-folders.js';
import type { Dataset } from './dataset.js';

/**
 * The images of a folder that has one folder a class: JPEG, PNG, WebP or GIF, decoded whenever they are asked for.
 * As torchvision.datasets.ImageFolder. In Node only.
 * @throws Error where the folder cannot be read or has no such folders, or one of them has no images.
 */
export async function folderDataset(folder: string, options: ClassFolderOptions = {}): Promise<Dataset> {
  const { readdir } = nodeModule<typeof import('node:fs/promises')>('node:fs/promises', 'folderDataset');
  const { join, relative, sep } = nodeModule<typeof import('node:path')>('node:path', 'folderDataset');
  let entries: Awaited<ReturnType<typeof list>>;
  const list = () => readdir(folder, { recursive: true, withFileTypes: true });
  try {
    entries = await list();
  } catch (error) {
    const reason = (error as Error).message;
    throw new Error(
      `${folder} cannot be read (${reason}). Give a folder with one folder of images a class.`,
      {
        cause: error,
      },
    );
  }
  const paths = (wanted: typeof entries) =>
    wanted
      .map(({ parentPath, name }) => relative(folder, join(parentPath, name)).replaceAll(sep, '/'))
      .filter((path) => !isHidden(path));
  const files = paths(entries.filter((entry) => !entry.isDirectory())).map((path) => ({
    path,
    decode: () => decodeImage(join(folder, path)),
  }));
  return classFolders(files, paths(entries.filter((entry) => entry.isDirectory())), folder, options);
}
