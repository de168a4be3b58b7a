import { decodedFormats } from '#decode-image';
import { readFile } from '#read-file';
import { isAbsolute, join } from 'node:path';
import { shownUrl } from '../../core/shown-url.js';
import type { SkippedFile } from '../../training/data/skipped.js';
import { checkAddress, encodedLimits } from '../../vision/image.js';
import { fetchPublic } from './public-fetch.js';

/** An image of a source. */
export interface SourceImage {
  /** What its row calls it: its path, its URL, or its place in a file that holds several. */
  readonly image: string;
  /** The share of the source that lies before the end of this image, from 0 to 1; about. */
  readonly progress: number;
  /**
   * Its path, or the bytes of its file. To be called once.
   * @throws Error where it cannot be read.
   */
  read(): string | Uint8Array | Promise<string | Uint8Array>;
  /** To be called in place of `read` where the image is left out. */
  skip?(): void;
}

/** How sources are read. */
export interface SourceOptions {
  /** The column of a table that holds images, their paths or URLs. Default a usual name. */
  readonly column?: string;
  /** Whether URLs of lists may lead to private addresses. */
  readonly allowPrivate?: boolean;
  /** Called with each file that is no image. */
  readonly onSkip: (file: SkippedFile) => void;
}

/** Milliseconds that an image may take to come. */
const MAX_TIME = 120_000;

/**
 * An image that a list names.
 * @param folder - Where its path begins, unless it is a whole one.
 */
export function listedImage(
  text: string,
  folder: string,
  progress: number,
  { allowPrivate = false }: SourceOptions,
): SourceImage {
  if (!/^(https?|data|file):/i.test(text)) {
    const path = isAbsolute(text) ? text : join(folder, text);
    return { image: text, progress, read: () => path };
  }
  const fetch = allowPrivate ? undefined : fetchPublic;
  const limits = { ...encodedLimits(text, decodedFormats), maxTime: MAX_TIME, fetch };
  const read = async () => {
    checkAddress(text);
    return readFile(text, limits);
  };
  return { image: shownUrl(text), progress, read };
}

/** An image in whose place something cannot be read, such as an archive: its row has the error. */
export function failedImage(image: string, progress: number, error: unknown): SourceImage {
  const read = () => {
    throw error;
  };
  return { image, progress, read };
}
