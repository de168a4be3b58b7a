import { nodeFiles } from './node-module.js';

/** A file cannot be written, such as for want of room; the message names it, what it takes, and what is free. */
export class WriteError extends Error {
  override name = 'WriteError';

  /**
   * What an error of the file system means.
   * @param path - Of the file or folder that was to be written.
   * @param size - Bytes of the file; 0 for a folder.
   */
  static async of(path: string, size: number, cause: unknown): Promise<WriteError> {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const reason = reasons[code] ? `${reasons[code]} (${code})` : message;
    const room = isFull(code) ? await roomFor(path, size) : 'Check the path and its permissions.';
    return new WriteError(`${path} cannot be written: ${reason}. ${room}`, { cause });
  }
}

const reasons: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of this user is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'this user may not write there',
  EPERM: 'this is not permitted',
  EEXIST: 'a file stands in the place of the folder',
  ENOTDIR: 'a file stands in the place of a folder',
  EISDIR: 'a folder stands in its place',
  ENOENT: 'the folder is not there',
};

function isFull(code: string): boolean {
  return code === 'ENOSPC' || code === 'EDQUOT';
}

async function roomFor(path: string, size: number): Promise<string> {
  const { fs, path: paths } = nodeFiles('Writing files');
  const folder = paths.dirname(path);
  const free = await fs.statfs(folder).then(
    ({ bavail, bsize }) => `${inWords(bavail * bsize)} are free in ${folder}`,
    () => `${folder} does not say what is free`,
  );
  return `It takes ${inWords(size)}, and ${free}; make room.`;
}

function inWords(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
