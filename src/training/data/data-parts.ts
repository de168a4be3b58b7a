import { check } from '../../core/errors.js';

/** Names of the part to train on, and of others; `train_set`, `val2017` and `test-images` are such too. */
const end = '([-_ ]?(set|data|images|split|\\d+))?$';
const trainName = new RegExp(`^train(ing)?${end}`, 'i');
const otherName = new RegExp(
  `^(val|valid|validation|validate|test|testing|dev|devel|eval|evaluation|hold[-_ ]?out|held[-_ ]?out|unlabell?ed)${end}`,
  'i',
);

/** What lies in a folder of the first level. */
interface Part {
  /** Whether images lie in it, in no folder of it. */
  hasLoose: boolean;
  /** Its folders that hold images. */
  readonly folders: Set<string>;
}

/**
 * Throws where the folders are the parts of a data set, whose images would be taken for classes: one to train on, which has
 * folders of classes, and one that is called as the other parts are, or has folders of the same names.
 * @param images - The parts of the paths of all images in folders.
 */
export function checkParts(
  images: readonly (readonly string[])[],
  root: readonly string[],
  name: string,
): void {
  const parts = partsOf(images, root.length);
  const isRoot = ({ folders, hasLoose }: Part) => folders.size > 1 || (folders.size === 1 && !hasLoose);
  const [trained, rest] = [...parts].find(([part, held]) => trainName.test(part) && isRoot(held)) ?? [];
  if (trained === undefined) return;
  const others = [...parts].filter(([part]) => part !== trained);
  const [held] =
    others.find(([part]) => otherName.test(part)) ??
    others.find(
      ([, { folders }]) => folders.size > 1 && [...folders].every((one) => rest!.folders.has(one)),
    ) ??
    [];
  const path = (part: string) => [name, ...root, part].join('/');
  check(
    held === undefined,
    () =>
      `${name} holds the folders ${trained} and ${held}, the parts of a data set. Give one of them: ${path(trained)}, and ` +
      `${path(held!)} to train's option validation (--validation). An archive has to be unpacked for that.`,
  );
}

function partsOf(images: readonly (readonly string[])[], depth: number): Map<string, Part> {
  const parts = new Map<string, Part>();
  for (const path of images) {
    const part = parts.get(path[depth]!) ?? { hasLoose: false, folders: new Set<string>() };
    if (path.length > depth + 2) part.folders.add(path[depth + 1]!);
    else part.hasLoose = true;
    parts.set(path[depth]!, part);
  }
  return parts;
}
