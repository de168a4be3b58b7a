import { formatOfName } from '../../vision/image-format.js';
import type { SkippedFile } from './skipped.js';

/** What macOS puts into archives, besides the files. */
const MAC = '__MACOSX';

/** Whether a path is that of a hidden file or folder, or of what macOS puts into archives. */
export function isHidden(path: string): boolean {
  return path.split('/').some((part) => isHiddenName(part) || part === MAC);
}

/** The hidden folders that hold images which are not hidden by themselves, each with their number. */
export function hiddenImages(paths: readonly string[]): SkippedFile[] {
  const counts = new Map<string, number>();
  for (const path of paths) {
    const parts = path.split('/');
    const first = parts.findIndex(isHiddenName);
    const isImage = formatOfName(path) !== undefined && !isHiddenName(parts.at(-1)!) && !parts.includes(MAC);
    if (first < 0 || !isImage) continue;
    const folder = parts.slice(0, first + 1).join('/');
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  return [...counts].map(([path, count]) => ({
    path,
    reason: `a hidden folder with ${count} ${count === 1 ? 'image' : 'images'}`,
  }));
}

function isHiddenName(name: string): boolean {
  return name.startsWith('.') && name !== '.';
}
