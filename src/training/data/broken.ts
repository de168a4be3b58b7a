import { decodedAtOnce } from '#decode-image';
import { groupsOf, inOrder } from '../../core/in-order.js';
import { listed } from '../../core/listed.js';
import { NotInstalledError } from '../../core/not-installed.js';
import type { RgbImage } from '../../vision/image.js';
import type { Dataset } from './dataset.js';
import type { SkippedFile } from './skipped.js';

/** Images after which progress is reported and the clock is looked at. */
const GROUP = 64;

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
  const nameAt = (place: number) => dataset.paths?.[place] ?? `image ${place}`;
  const decode = async (place: number) => {
    let picture: RgbImage;
    try {
      picture = await dataset.image(place);
    } catch (error) {
      if (error instanceof NotInstalledError) throw error;
      reasons.set(place, reasonOf(error, nameAt(place)));
      return;
    }
    take(place, picture);
  };
  const places = Array.from({ length: total }, (_, place) => place);
  let done = 0;
  for await (const group of inOrder(groupsOf(places, GROUP), decode, { ahead: 1, atOnce: decodedAtOnce })) {
    onProgress?.((done += group.length), total);
    if (Date.now() >= until) break;
  }
  return [...reasons].sort(([a], [b]) => a - b).map(([place, reason]) => ({ path: nameAt(place), reason }));
}

/** The error that names the images of a data set which cannot be decoded. */
export function brokenImages({ name, labels }: Dataset, broken: readonly SkippedFile[]): Error {
  const [first] = broken;
  const what =
    broken.length === 1
      ? `${first!.path} cannot be decoded (${first!.reason})`
      : `${broken.length} of ${labels.length} images cannot be decoded: ` +
        listed(broken.map(({ path, reason }) => `${path} (${reason})`));
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

/** The first sentence of what an error comes from, without the name of the file, which stands next to it. */
function reasonOf(error: unknown, path: string): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return reasonOf(error.cause, path);
  const [line = ''] = error.message.split('\n');
  const [, file] = /([^/\\]*)$/.exec(path)!;
  const end = line.indexOf(`${file} `);
  const said = end < 0 ? line.replace(/^The image /, '') : line.slice(end + file!.length + 1);
  return said.replace(/\.( .*)?$/, '');
}
