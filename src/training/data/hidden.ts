import { formatOfName } from '../../vision/image-format.js';
import type { SkippedFile } from './skipped.js';

/** What systems and storage devices put next to the files, in small letters; thumbnails and what was thrown away too. */
const systemNames = new Set([
  '__macosx',
  '@eadir',
  '#recycle',
  '$recycle.bin',
  'system volume information',
  'lost+found',
  'thumbs.db',
  'desktop.ini',
]);

/** Whether a path is that of a hidden file or folder, or of what a system puts next to the files. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => isHiddenName(part) || isOfSystem(part));
}

/** Whether a name is of what a system puts next to the files, none of which are the user's images. */
export function isOfSystem(name: string): boolean {
  return systemNames.has(name.toLowerCase());
}

/** The hidden folders that hold images which are not hidden by themselves, each with their number. */
export function hiddenImages(paths: readonly string[]): SkippedFile[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const parts = path.split('/');
    const first = parts.findIndex(isHiddenName);
    const isImage =
      formatOfName(path) !== undefined && !isHiddenName(parts.at(-1)!) && !parts.some(isOfSystem);
    if (first < 0 || !isImage) continue;
    const folder = parts.slice(0, first + 1).join('/');
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].map(([path, count]) => ({
    path,
    reason: `a hidden folder with ${count} ${count === 1 ? 'image' : 'images'}`,
    isFolder: true,
  }));
}

function isHiddenName(name: string): boolean {
  return name.startsWith('.') && name !== '.';
}
