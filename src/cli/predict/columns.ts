import { listed } from '../../core/listed.js';

/** What columns of images are usually called. */
const usual = [
  'image',
  'img',
  'path',
  'image_path',
  'filepath',
  'file',
  'file_name',
  'filename',
  'url',
  'image_url',
];

/**
 * The column that holds the images.
 * @param wanted - Its name, where it is given.
 * @throws Error where there is no such column.
 */
export function columnOf(path: string, columns: readonly string[], wanted: string | undefined): string {
  const found = columns.find((column) =>
    wanted === undefined ? usual.includes(column.trim().toLowerCase()) : column === wanted,
  );
  if (found !== undefined) return found;
  const what =
    wanted === undefined ? 'no column whose name says that it holds images' : `no column ${wanted}`;
  throw new Error(`${path} has ${what}; name one by --column, of: ${listed(columns)}.`);
}
