/** A file that is left out of a data set, and why. */
export interface SkippedFile {
  /** As the data set names it, such as `cat/notes.txt`. */
  readonly path: string;
  /** Such as `not an image`. */
  readonly reason: string;
  /** Whether it is a folder, left out with all in it. */
  readonly isFolder?: boolean;
}

/** Examples of each kind, and kinds that are named. */
const [EXAMPLES, KINDS] = [3, 5];

/**
 * The files that were left out in a few words, folders first, then a kind after the other:
 * `12 .bmp (BMP is not read here: cat/1.bmp, cat/2.bmp, cat/3.bmp, …), readme.txt (not an image)`.
 */
export function describeSkipped(skipped: readonly SkippedFile[]): string {
  const kinds = new Map<string, SkippedFile[]>();
  for (const file of skipped) {
    const kind = `${endOf(file.path)}\n${file.reason}`;
    const files = kinds.get(kind);
    if (files) files.push(file);
    else kinds.set(kind, [file]);
  }
  const isFolder = ([first]: readonly SkippedFile[]) => Number(first!.isFolder ?? false);
  const lists = [...kinds.values()].sort((a, b) => isFolder(b) - isFolder(a) || b.length - a.length);
  const named = lists.slice(0, KINDS).map(describeKind);
  const rest = lists.slice(KINDS).reduce((sum, { length }) => sum + length, 0);
  return [...named, ...(rest > 0 ? [`and ${rest} more`] : [])].join(', ');
}

/** Says on the console which files of a data set were left out, where nobody else reports it. */
export function warnOfSkipped(name: string, skipped: readonly SkippedFile[]): void {
  if (skipped.length === 0) return;
  const count = skipped.length === 1 ? '1 file is' : `${skipped.length} files are`;
  console.warn(`${name}: ${count} left out: ${describeSkipped(skipped)}.`);
}

function describeKind(files: readonly SkippedFile[]): string {
  const { path, reason } = files[0]!;
  if (files.length === 1) return `${path} (${reason})`;
  const examples = files.slice(0, EXAMPLES).map((file) => file.path);
  const more = files.length > EXAMPLES ? ', …' : '';
  return `${files.length} ${endOf(path) || 'without an end'} (${reason}: ${examples.join(', ')}${more})`;
}

/** The end of a name, in small letters and with its point; empty where it has none. */
function endOf(path: string): string {
  return /\.[^./\\\s]{1,8}$/.exec(path)?.[0].toLowerCase() ?? '';
}
