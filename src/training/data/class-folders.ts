import { check } from '../../core/errors.js';
import type { RgbImage } from '../../vision/image.js';
import type { Dataset } from './dataset.js';

/** Ends of names that images have. */
const imageName = /\.(jpe?g|png|webp|gif|avif)$/i;

/** An image file, and the path that says its class. */
export interface ClassFile {
  /** With slashes; the last folder is the class. */
  readonly path: string;
  readonly decode: () => Promise<RgbImage>;
}

/** A file that is left out of a data set, and why. */
export interface SkippedFile {
  /** As the data set names it, such as `cat/notes.txt`. */
  readonly path: string;
  /** Such as `not an image`. */
  readonly reason: string;
}

/** Options of the data sets of one folder a class. */
export interface ClassFolderOptions {
  /** Called with each file that is left out, but hidden ones. Default nothing. */
  readonly onSkip?: (skipped: SkippedFile) => void;
}

/** Whether a path is that of a hidden file or folder, or of what macOS puts into archives. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => (part.startsWith('.') && part !== '.') || part === '__MACOSX');
}

/** Whether a path has the end of an image's name. */
export function isImagePath(path: string): boolean {
  return imageName.test(path);
}

/**
 * A data set whose classes are the folders of its files, both in the order of their names.
 * @param files - All of them but the hidden ones, images or not.
 * @param folders - Paths of the folders, where they are known.
 * @param name - Of the data, for errors.
 * @throws ArgumentError where no folder has images, or one of those given has none.
 */
export function classFolders(
  files: readonly ClassFile[],
  folders: readonly string[],
  name: string,
  { onSkip }: ClassFolderOptions = {},
): Dataset {
  const skip = (reason: string) => (file: ClassFile) => onSkip?.({ path: file.path, reason });
  const [images, others] = partition(files, ({ path }) => isImagePath(path));
  const [classified, stray] = partition(images, (file) => classOf(file) !== '');
  const sorted = [...classified].sort((a, b) => compare(classOf(a), classOf(b)) || compare(a.path, b.path));
  check(
    sorted.length > 0,
    () => `${name} holds no folders of images; give one folder a class, such as cat/1.jpg and dog/1.jpg.`,
  );
  const empty = folders.find((folder) => !sorted.some(({ path }) => path.startsWith(`${folder}/`)));
  check(
    empty === undefined,
    () =>
      `${name} has the folder ${empty} without images (JPEG, PNG, WebP or GIF); put images of that class into it, or remove it.`,
  );
  others.forEach(skip('not an image'));
  stray.forEach(skip('in no folder of a class'));
  const classes = [...new Set(sorted.map(classOf))];
  const place = new Map(classes.map((name, i) => [name, i]));
  return {
    classes,
    labels: Int32Array.from(sorted, (file) => place.get(classOf(file))!),
    paths: sorted.map(({ path }) => path),
    image: (index) => sorted[index]!.decode(),
  };
}

/** The folder that a file lies in; empty where it lies in none. */
function classOf({ path }: ClassFile): string {
  const folder = path.split('/').at(-2) ?? '';
  return folder === '.' ? '' : folder;
}

function partition<T>(values: readonly T[], isFirst: (value: T) => boolean): [T[], T[]] {
  return [values.filter(isFirst), values.filter((value) => !isFirst(value))];
}

/** By code units, the same on every machine. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
