import { check, checkOptions, shown } from '../../core/errors.js';
import { nodeFiles } from '../../core/node-module.js';
import { classFolders, type ClassFolderOptions } from './class-folders.js';
import type { Dataset } from './dataset.js';
import { walkFolder } from './walk-folder.js';

/**
 * The images of a folder that has one folder a class: JPEG, PNG, WebP, GIF, AVIF or TIFF, decoded whenever they are asked
 * for. As in torchvision.datasets.ImageFolder, the folders of the first level are the classes, and images lie at any depth
 * in them. Where there is but one, and at least two folders in it or all that it holds have images, the folders in that one are
 * the classes. Links are followed. In Node only.
 * @param source - A path, or a URL of a folder: `file:`.
 * @throws Error where the folder cannot be read or has no such folders, or one of them has no images or is a link to nothing,
 * or they are the parts of a data set.
 */
export async function folderDataset(
  source: string | URL,
  options: ClassFolderOptions = {},
): Promise<Dataset> {
  checkOptions('folderDataset', options, { onSkip: true });
  const folder = pathOf(source);
  const files = await walkFolder(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined) throw error;
    throw new Error(
      `${folder} cannot be read (${error.message}). Give a folder with one folder of images a class.`,
      { cause: error },
    );
  });
  return classFolders(files, folder, options);
}

function pathOf(source: string | URL): string {
  if (source instanceof URL && source.protocol === 'file:')
    return nodeFiles('folderDataset').url.fileURLToPath(source);
  check(
    typeof source === 'string' && source !== '',
    () =>
      `folderDataset: the folder is ${source instanceof URL ? source.href : shown(source)}; give a path, or a URL that begins with file:.`,
  );
  return source;
}
