import { check } from '../../core/errors.js';
import type { RgbImage } from '../../vision/image.js';
import type { Dataset } from './dataset.js';

/** Ends of names that images have. */
const imageName = /\.(jpe?g|png|webp|gif)$/i;

/** An image file, and the path that says its class. */
export interface ClassFile {
  /** With slashes; the last folder is the class. */
  readonly path: string;
  readonly decode: () => Promise<RgbImage>;
}

/** Whether a path is that of an image and no hidden file, such as those that macOS puts into archives. */
export function isImagePath(path: string): boolean {
  return imageName.test(path) && !path.split('/').some((part) => part.startsWith('.') && part !== '.');
}

/** A data set whose classes are the folders of its files, both in the order of their names. */
export function classFolders(files: readonly ClassFile[], name: string): Dataset {
  const classOf = ({ path }: ClassFile) => path.split('/').at(-2) ?? '';
  const sorted = [...files].sort((a, b) => compare(classOf(a), classOf(b)) || compare(a.path, b.path));
  const classes = [...new Set(sorted.map(classOf))];
  check(
    files.length > 0 && !classes.includes(''),
    () => `${name} holds no folders of images; give one folder a class, such as cat/1.jpg and dog/1.jpg.`,
  );
  const place = new Map(classes.map((name, i) => [name, i]));
  return {
    classes,
    labels: Int32Array.from(sorted, (file) => place.get(classOf(file))!),
    image: (index) => sorted[index]!.decode(),
  };
}

/** By code units, the same on every machine. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
