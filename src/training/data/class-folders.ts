import { decodedFormats } from '#decode-image';
import { check } from '../../core/errors.js';
import { listed } from '../../core/listed.js';
import type { RgbImage } from '../../vision/image.js';
import { formatOfName, imageFormat, type ImageFormat } from '../../vision/image-format.js';
import { classOf, isAtClasses, partsOf, rootOf } from './class-root.js';
import type { Dataset } from './dataset.js';
import { checkParts } from './data-parts.js';
import { hiddenImages, isHidden } from './hidden.js';
import { describeSkipped, warnOfSkipped, type SkippedFile } from './skipped.js';

/** A file of a data set. */
export interface DataFile {
  /** With slashes, from the folder or archive on. */
  readonly path: string;
  /** Its first bytes, as many as `imageFormat` takes. */
  readonly head: () => Promise<Uint8Array>;
  readonly decode: () => Promise<RgbImage>;
}

/** What a folder or an archive holds. */
export interface DataFiles {
  /** Images or not, hidden or not. */
  readonly files: readonly DataFile[];
  /** Paths of the folders. */
  readonly folders: readonly string[];
  /** Links that lead to nothing which is there, be it that they were files or folders. */
  readonly broken: readonly SkippedFile[];
  /** What else is no file that can be read. */
  readonly skipped: readonly SkippedFile[];
}

/** Options of the data sets of one folder a class. */
export interface ClassFolderOptions {
  /** Called with each file that is left out, but hidden ones. Default: one warning on the console says how many and which. */
  readonly onSkip?: (skipped: SkippedFile) => void;
}

/** An image and its class. */
interface ClassImage {
  readonly file: DataFile;
  readonly label: string;
}

/** Files that are looked into at a time. */
const AT_A_TIME = 64;

/**
 * A data set whose classes are the folders of the first level, in the order of their names; a class has the images in its
 * folder and the folders in that. Where there is but one such folder, and its folders hold images, the classes are those.
 * @param name - Of the data, for errors.
 * @throws ArgumentError where no folder has images, one of them has none or is a link to nothing, or they are the parts of a data set.
 */
export async function classFolders(
  data: DataFiles,
  name: string,
  options: ClassFolderOptions = {},
): Promise<Dataset> {
  const { images, others } = await partitionImages(data.files.filter(({ path }) => !isHidden(path)));
  const paths = [
    ...[...data.folders, ...data.broken.map(({ path }) => path)].map((path) => `${path}/`),
    ...[...data.files, ...data.skipped].map(({ path }) => path),
  ];
  const all = paths.map(partsOf).filter(([first]) => !isHidden(first!));
  const broken = data.broken.filter(({ path }) => !isHidden(path));
  const root = rootOf(
    images.map(({ path }) => partsOf(path)),
    all,
  );
  const labelled = images.map((file) => ({ file, label: classOf(partsOf(file.path), root) }));
  const skipped = [
    ...[...broken, ...data.skipped].filter(({ path }) => !isHidden(path)),
    ...others,
    ...labelled
      .filter(({ label }) => label === undefined)
      .map(({ file }) => skip(file, 'in no folder of a class')),
    ...hiddenImages(data.files.map(({ path }) => path)),
  ].sort((a, b) => compare(a.path, b.path));
  const classified = labelled
    .filter((image): image is ClassImage => image.label !== undefined)
    .sort((a, b) => compare(a.label, b.label) || compare(a.file.path, b.file.path));
  check(
    classified.length > 0,
    () =>
      `${name} holds no folders of images; give one folder a class, such as cat/1.jpg and dog/1.jpg.` +
      (skipped.length > 0 ? ` It holds ${describeSkipped(skipped)}.` : ''),
  );
  const classes = [...new Set(classified.map(({ label }) => label))];
  checkParts(
    classified.map(({ file }) => partsOf(file.path)),
    root,
    name,
  );
  checkLinks(broken, root, name);
  checkEmpty(all, classes, root, skipped, name);
  if (options.onSkip) skipped.forEach((file) => options.onSkip!(file));
  else warnOfSkipped(name, skipped);
  const place = new Map(classes.map((label, i) => [label, i]));
  return {
    name,
    classes,
    labels: Int32Array.from(classified, ({ label }) => place.get(label)!),
    paths: classified.map(({ file }) => file.path),
    image: (index) => classified[index]!.file.decode(),
  };
}

/**
 * The files that are images of a format that is read here, and why the others are none. The end of the name says it where it
 * can, and the first bytes of the file otherwise.
 */
export async function partitionImages<T extends Pick<DataFile, 'path' | 'head'>>(
  files: readonly T[],
): Promise<{ images: T[]; others: SkippedFile[] }> {
  const images: T[] = [];
  const others: SkippedFile[] = [];
  for (let first = 0; first < files.length; first += AT_A_TIME) {
    const some = files.slice(first, first + AT_A_TIME);
    const reasons = await Promise.all(some.map(whyNoImage));
    some.forEach((file, i) => {
      const reason = reasons[i];
      if (reason === undefined) images.push(file);
      else others.push({ path: file.path, reason });
    });
  }
  return { images, others };
}

async function whyNoImage({ path, head }: Pick<DataFile, 'path' | 'head'>): Promise<string | undefined> {
  const named = formatOfName(path);
  if (named && decodedFormats.has(named)) return undefined;
  if (named === 'camera raw') return notRead(named);
  try {
    const format = imageFormat(await head());
    if (format && decodedFormats.has(format)) return undefined;
    return format ? notRead(format) : 'not an image';
  } catch (error) {
    return `it cannot be read: ${(error as Error).message}`;
  }
}

function notRead(format: ImageFormat): string {
  return `${format} is not read here`;
}

function skip({ path }: DataFile, reason: string): SkippedFile {
  return { path, reason };
}

/** Throws where a link at the classes' level leads to nothing: it may have been a class, and the data would have one less. */
function checkLinks(broken: readonly SkippedFile[], root: readonly string[], name: string): void {
  const lost = broken.filter(({ path }) => isAtClasses(partsOf(path), root));
  check(
    lost.length === 0,
    () =>
      `${name} has the ${lost.length === 1 ? 'link' : 'links'} ${listed(lost.map(({ path, reason }) => `${path} (${reason})`))} ` +
      'next to the folders of the classes. Put the folder itself there, or remove the link.',
  );
}

/** Throws where a folder of the classes' level has no images, since the data would have a class less. */
function checkEmpty(
  all: readonly (readonly string[])[],
  classes: readonly string[],
  root: readonly string[],
  skipped: readonly SkippedFile[],
  name: string,
): void {
  const known = new Set(classes);
  const folders = new Set(all.map((parts) => classOf(parts, root)));
  const isEmpty = (folder: string | undefined) =>
    folder !== undefined && !known.has(folder) && !isHidden(folder);
  const empty = [...folders].filter(isEmpty).sort();
  const theirs = skipped.filter(({ path }) => isEmpty(classOf(partsOf(path), root)));
  const formats = [...decodedFormats].join(', ');
  check(
    empty.length === 0,
    () =>
      `${name} has the ${empty.length === 1 ? 'folder' : 'folders'} ${listed(empty as string[])} without images (${formats})` +
      `${theirs.length > 0 ? `, but with ${describeSkipped(theirs)}` : ''}; put images of that class into it, or remove it.`,
  );
}

/** By code units, the same on every machine. */
function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
