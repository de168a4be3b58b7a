import { decodedFormats } from '#decode-image';
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { partitionImages } from '../training/data/class-folders.js';
import { isHidden } from '../training/data/hidden.js';
import { describeSkipped } from '../training/data/skipped.js';
import { dataFile } from '../training/data/walk-folder.js';

/** An image to classify. */
export interface NamedImage {
  /** What the answer calls it: its path, its URL, or `-`. */
  readonly image: string;
  /** The path or URL, or the bytes of the file. */
  readonly source: string | Uint8Array;
}

/** An image, or something else, that has no answer. */
export interface Failure {
  readonly image: string;
  /** Why, in one line. */
  readonly error: string;
}

/**
 * The images that arguments of the command line mean, in their order. An argument is a path, a URL, a folder with images, a
 * pattern such as `photos/*.jpg`, or `-` for standard input. A file whose name looks like a pattern is a file.
 * @returns a failure in the place of what is not there.
 */
export async function imageArguments(args: readonly string[]): Promise<(NamedImage | Failure)[]> {
  const images: (NamedImage | Failure)[] = [];
  for (const argument of args) {
    try {
      images.push(...(await imagesOf(argument)));
    } catch (error) {
      images.push({ image: argument, error: (error as Error).message });
    }
  }
  return images;
}

async function imagesOf(argument: string): Promise<readonly NamedImage[]> {
  if (argument === '-') return [{ image: argument, source: new Uint8Array(await buffer(process.stdin)) }];
  if (/^(https?|data|blob|file):/i.test(argument)) return fromPaths([argument]);
  try {
    const found = await stat(argument);
    return fromPaths(found.isDirectory() ? await imagesInFolder(argument) : [argument]);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    const matches = await matchesOf(argument);
    if (matches) return fromPaths(matches);
    const reason = code === 'ENOENT' ? 'there is no such file or folder' : message;
    throw new Error(`${argument} cannot be read (${reason}). Check the path.`, { cause: error });
  }
}

function fromPaths(paths: readonly string[]): readonly NamedImage[] {
  return paths.map((path) => ({ image: path, source: path }));
}

async function imagesInFolder(folder: string): Promise<string[]> {
  const entries = (await readdir(folder, { withFileTypes: true }))
    .filter(({ name }) => !isHidden(name))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const kinds = await Promise.all(
    entries.map(async ({ name }) => stat(join(folder, name)).catch(() => undefined)),
  );
  const files = entries.filter((_, i) => kinds[i]?.isFile());
  const { images, others } = await partitionImages(
    files.map(({ name }) => dataFile(join(folder, name), name)),
  );
  const skipped = [
    ...others,
    ...entries.flatMap(({ name }, i) =>
      kinds[i]?.isFile() ? [] : [{ path: name, reason: kindOf(kinds[i]) }],
    ),
  ];
  if (images.length === 0) {
    const held = skipped.length > 0 ? `, but ${describeSkipped(skipped)}` : '';
    throw new Error(
      `${folder} holds no images (${[...decodedFormats].join(', ')})${held}. ` +
        `For images in its folders, give a pattern: "${join(folder, '**', '*.jpg')}"`,
    );
  }
  if (skipped.length > 0)
    console.error(`skipscale: ${folder}: ${skipped.length} skipped: ${describeSkipped(skipped)}`);
  return images.map(({ path }) => join(folder, path));
}

function kindOf(found: Stats | undefined): string {
  if (!found) return 'a link to nothing';
  return found.isDirectory() ? 'a folder' : 'a pipe or device';
}

/** The files that a pattern matches; undefined where it is none. Shells of Windows leave patterns to the program. */
export async function matchesOf(argument: string): Promise<string[] | undefined> {
  const { glob, isDynamicPattern } = await import('tinyglobby');
  const pattern = argument.replaceAll(sep, '/');
  if (!isDynamicPattern(pattern)) return undefined;
  const paths = await glob(pattern, {
    absolute: isAbsolute(argument),
    // Cameras write .JPG.
    caseSensitiveMatch: false,
    expandDirectories: false,
  });
  if (paths.length === 0) throw new Error(`${argument} matches no file. Check the pattern.`);
  return paths.sort();
}
