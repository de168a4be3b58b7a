/** The parts of a path but for `.`, which an archive's paths may begin with; the last is empty where it is a folder's. */
export function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '.');
}

/** The first folder of a path below `root`, in Unicode's composed form: macOS writes é as two signs. */
export function classOf(parts: readonly string[], root: readonly string[]): string | undefined {
  return isBelow(parts, root) && parts.length > root.length + 1
    ? parts[root.length]!.normalize('NFC')
    : undefined;
}

/** Whether a path is of something that stands where the folders of the classes do. */
export function isAtClasses(parts: readonly string[], root: readonly string[]): boolean {
  return isBelow(parts, root) && parts.length === root.length + 1;
}

function isBelow(parts: readonly string[], root: readonly string[]): boolean {
  return root.every((part, i) => parts[i] === part);
}

/**
 * The folder whose folders are the classes: the data's, or one in it, where no other folder stands next to that and its
 * folders hold images: all of them, or at least two with others loose next to these.
 * @param images - The parts of the paths of all images.
 * @param all - Those of all that there is.
 */
export function rootOf(
  images: readonly (readonly string[])[],
  all: readonly (readonly string[])[],
): string[] {
  const root: string[] = [];
  for (;;) {
    const depth = root.length;
    const inFolders = images.filter((parts) => isBelow(parts, root) && parts.length > depth + 1);
    const first = inFolders[0]?.[depth];
    if (first === undefined) return root;
    const isOnly = all.every(
      (parts) => !isBelow(parts, root) || parts.length <= depth + 1 || parts[depth] === first,
    );
    const deeper = inFolders.filter((parts) => parts.length > depth + 2);
    const isWrapper =
      deeper.length === inFolders.length || new Set(deeper.map((parts) => parts[depth + 1])).size > 1;
    if (!isOnly || !isWrapper) return root;
    root.push(first);
  }
}
