import { NotInstalledError } from '../../core/not-installed.js';
import type { RgbImage } from '../../vision/image.js';
import type { Dataset } from './dataset.js';
import type { SkippedFile } from './skipped.js';

/** Images that are decoded at a time. */
const AT_A_TIME = 64;

/** Images that an error names. */
const NAMED = 10;

/** Milliseconds for which an error is kept back to find the other broken images. */
const SEARCH = 60_000;

/** Options of {@link eachImage}. */
export interface EachImageOptions {
  /** Called now and then with the number of images that are decoded. */
  readonly onProgress?: (done: number, total: number) => void;
  /** When to stop, on the clock of `Date.now`. Default never. */
  readonly until?: number;
}

/**
 * Decodes the images of a data set, each once, and gives those that cannot be decoded.
 * @throws Error where a package for it is missing.
 */
export async function eachImage(
  dataset: Dataset,
  take: (place: number, image: RgbImage) => void,
  { onProgress, until = Infinity }: EachImageOptions = {},
): Promise<SkippedFile[]> {
  const total = dataset.labels.length;
  const reasons = new Map<number, string>();
  const decode = async (place: number) => {
    let picture: RgbImage;
    try {
      picture = await dataset.image(place);
    } catch (error) {
      if (error instanceof NotInstalledError) throw error;
      reasons.set(place, reasonOf(error));
      return;
    }
    take(place, picture);
  };
  for (let first = 0; first < total && Date.now() < until; first += AT_A_TIME) {
    const count = Math.min(AT_A_TIME, total - first);
    await Promise.all(Array.from({ length: count }, (_, i) => decode(first + i)));
    onProgress?.(first + count, total);
  }
  return [...reasons]
    .sort(([a], [b]) => a - b)
    .map(([place, reason]) => ({ path: dataset.paths?.[place] ?? `image ${place}`, reason }));
}

/** The error that names the images of a data set which cannot be decoded. */
export function brokenImages({ name, labels }: Dataset, broken: readonly SkippedFile[]): Error {
  const [first, ...others] = broken.slice(0, NAMED);
  const list = [first!, ...others].map(({ path, reason }) => `${path} (${reason})`).join(', ');
  const more = broken.length > NAMED ? ` and ${broken.length - NAMED} more` : '';
  const what =
    others.length === 0
      ? `${first!.path} cannot be decoded (${first!.reason})`
      : `${broken.length} of ${labels.length} images cannot be decoded: ${list}${more}`;
  return new Error(
    `${name === undefined ? '' : `${name}: `}${what}. Replace or remove them, or leave them out: by decodable(data, { onSkip }), ` +
      'and on the command line by --skip-broken.',
  );
}

/** What to throw where an image of a data set could not be decoded: an error that names all of these, as far as a minute goes. */
export async function allBroken(part: Dataset, error: unknown): Promise<unknown> {
  if (error instanceof NotInstalledError) return error;
  const dataset = part.whole ?? part;
  const broken = await eachImage(dataset, () => {}, { until: Date.now() + SEARCH });
  return broken.length === 0 ? error : brokenImages(dataset, broken);
}

/** The first line of what an error comes from. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message.split('\n')[0]! : reasonOf(error.cause);
}
