import { openArchive } from '#open-archive';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { shownUrl } from '../../core/shown-url.js';
import { partitionImages } from '../../training/data/class-folders.js';
import { isHidden } from '../../training/data/hidden.js';
import { readEntries } from '../../training/data/tar-entries.js';
import { dataFile, walk } from '../../training/data/walk-folder.js';
import { MAX_FILE_BYTES } from '../../vision/image.js';
import { HEAD_BYTES } from '../../vision/image-format.js';
import { matchesOf } from '../image-arguments.js';
import { listedIn, listedInTable, listedOnInput } from './list-source.js';
import { storedInParquet } from './parquet-source.js';
import { failedImage, listedImage, type SourceImage, type SourceOptions } from './source-image.js';

/** Files that are looked into at a time, for whether they are images. */
const GROUP = 64;

/** Reads the images of a place one after the other. */
type Reader = (place: string, options: SourceOptions) => AsyncIterable<SourceImage>;

/** How files are read, by the ends of their names; others are images. */
const readers: readonly (readonly [RegExp, Reader])[] = [
  [/\.(tar|tar\.gz|tgz)$/i, archived],
  [/\.parquet$/i, storedInParquet],
  [/\.(csv|tsv)$/i, listedInTable],
  [/\.(txt|lst)$/i, listedIn],
];

/**
 * The images that arguments of the command line mean, in their order: folders with the folders in them, patterns, tar archives,
 * lists, tables, images, URLs, and `-` for a list on standard input.
 * @throws Error where an argument is none of these.
 */
export async function* sourceImages(
  args: readonly string[],
  options: SourceOptions,
): AsyncGenerator<SourceImage> {
  const places: [string, Reader][] = [];
  for (const argument of args) places.push(...(await placesOf(argument)));
  for (const [i, [place, read]] of places.entries()) {
    const share = (progress: number) => (i + progress) / places.length;
    let found = 0;
    try {
      for await (const image of read(place, options)) {
        found++;
        yield { ...image, progress: share(image.progress) };
      }
    } catch (error) {
      // Where there are other rows, what cannot be read is an error among them.
      if (places.length === 1 && found === 0) throw error;
      yield failedImage(shownUrl(place), share(1), error);
    }
  }
}

async function placesOf(argument: string): Promise<[string, Reader][]> {
  if (argument === '-') return [[argument, (_, options) => listedOnInput(options)]];
  if (/^(https?|data|file):/i.test(argument)) return [[argument, readerOf(argument.replace(/[?#].*$/s, ''))]];
  try {
    const found = await stat(argument);
    return [[argument, found.isDirectory() ? inFolder : readerOf(argument)]];
  } catch (error) {
    const matches = await matchesOf(argument);
    if (matches) return matches.map((path) => [path, readerOf(path)]);
    const { code, message } = error as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'there is no such file or folder' : message;
    throw new Error(`${argument} cannot be read (${reason}). Check the path.`, { cause: error });
  }
}

function readerOf(name: string): Reader {
  return readers.find(([end]) => end.test(name))?.[1] ?? single;
}

/** An image that an argument names. Who gives it trusts it. */
async function* single(place: string, options: SourceOptions): AsyncGenerator<SourceImage> {
  yield listedImage(place, '', 1, { ...options, allowPrivate: true });
}

/** A file that may be an image. */
interface Candidate {
  readonly path: string;
  readonly head: () => Promise<Uint8Array>;
}

/** Of files, those that are images; the others are reported. */
async function* imagesAmong<File extends Candidate>(
  files: AsyncIterable<File> | Iterable<File>,
  onSkip: SourceOptions['onSkip'],
): AsyncGenerator<File> {
  const group: File[] = [];
  const take = async () => {
    const { images, others } = await partitionImages(group.splice(0));
    others.forEach(onSkip);
    return images;
  };
  for await (const file of files) {
    if (group.push(file) === GROUP) yield* await take();
  }
  yield* await take();
}

/** The images of a folder and of the folders in it, in the order of their names. */
async function* inFolder(folder: string, { onSkip }: SourceOptions): AsyncGenerator<SourceImage> {
  async function* files() {
    for await (const { path, file, reason, progress } of walk(folder)) {
      if (isHidden(path)) continue;
      if (reason !== undefined) onSkip({ path, reason });
      else if (file !== undefined) yield { ...dataFile(file, path), file, progress };
    }
  }
  for await (const { path, file, progress } of imagesAmong(files(), onSkip)) {
    yield { image: join(folder, path), progress, read: () => file };
  }
}

/** The images of a tar archive, plain or gzip's, such as a shard of a WebDataset. Nothing is unpacked into files. */
async function* archived(place: string, { onSkip }: SourceOptions): AsyncGenerator<SourceImage> {
  const name = shownUrl(place);
  const archive = await openArchive(place, name);
  let users = 1;
  const release = () => {
    if (--users === 0) archive.close();
  };
  try {
    const { files, broken, skipped } = await readEntries(archive);
    [...broken, ...skipped].forEach(onSkip);
    const candidates = files.flatMap(({ path, offset, size }, i) => {
      const head = () => archive.read(offset, Math.min(size, HEAD_BYTES));
      return isHidden(path) ? [] : { path, offset, size, head, progress: (i + 1) / files.length };
    });
    for await (const { path, offset, size, progress } of imagesAmong(candidates, onSkip)) {
      const read = async () => {
        try {
          if (size > MAX_FILE_BYTES) throw new Error(`it has ${size} bytes, more than an image`);
          return await archive.read(offset, size);
        } finally {
          release();
        }
      };
      users++;
      yield { image: `${name}/${path}`, progress, read, skip: release };
    }
  } catch (error) {
    throw new Error(`${name} is no whole tar archive (${(error as Error).message}).`, { cause: error });
  } finally {
    release();
  }
}
