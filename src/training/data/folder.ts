import { checkOptions } from '../../core/errors.js';
import { classFolders, type ClassFolderOptions } from './class-folders.js';
import type { Dataset } from './dataset.js';
import { walkFolder } from './walk-folder.js';

/**
 * The images of a folder that has one folder a class: JPEG, PNG, WebP, GIF, AVIF or TIFF, decoded whenever they are asked
 * for. As in torchvision.datasets.ImageFolder, the folders of the first level are the classes, and images lie at any depth
 * in them. Where the folder holds but one, whose folders hold the images, those are the classes. Links are followed. In Node only.
 * @throws Error where the folder cannot be read or has no such folders, or one of them has no images.
 */
export async function folderDataset(folder: string, options: ClassFolderOptions = {}): Promise<Dataset> {
  checkOptions('folderDataset', options, { onSkip: true });
  const files = await walkFolder(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === undefined) throw error;
    throw new Error(
      `${folder} cannot be read (${error.message}). Give a folder with one folder of images a class.`,
      { cause: error },
    );
  });
  return classFolders(files, folder, options);
}
