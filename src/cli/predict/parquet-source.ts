import { dirname } from 'node:path';
import type { AsyncBuffer, FileMetaData } from 'hyparquet';
import { shown } from '../../core/errors.js';
import { optionalPackage } from '../optional-package.js';
import { columnOf } from './columns.js';
import { listedImage, type SourceImage, type SourceOptions } from './source-image.js';

/** Bytes of the images of a group of rows at most, which are in memory together. */
const LARGEST_GROUP = 2 ** 31;

/**
 * The images of a column of a Parquet file: the bytes of their files, as Hugging Face's data sets have them, or paths and URLs. A group
 * of rows is in memory at a time. Takes hyparquet.
 */
export async function* storedInParquet(path: string, options: SourceOptions): AsyncGenerator<SourceImage> {
  const parquet = await optionalPackage(
    () => import('hyparquet'),
    'Reading Parquet takes hyparquet',
    'hyparquet',
  );
  const readable = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: Error) => {
      throw new Error(`${path} cannot be read as Parquet (${error.message}).`, { cause: error });
    });
  const file: AsyncBuffer = await readable(parquet.asyncBufferFromFile(path));
  const metadata = await readable(parquet.parquetMetadataAsync(file));
  const names = parquet.parquetSchema(metadata).children.map(({ element }) => element.name);
  const column = columnOf(path, names, options.column);
  const total = Number(metadata.num_rows);
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    checkSize(path, column, group);
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await readable(
      parquet.parquetReadObjects({
        file,
        metadata,
        columns: [column],
        rowStart,
        rowEnd,
        utf8: false,
      }),
    );
    for (const [i, row] of rows.entries()) {
      const place = rowStart + i;
      yield imageOf(row[column], `${path}#${place}`, dirname(path), (place + 1) / total, options);
    }
    rowStart = rowEnd;
  }
}

function checkSize(path: string, column: string, { columns }: FileMetaData['row_groups'][number]): void {
  const parts = columns.flatMap(({ meta_data }) =>
    meta_data?.path_in_schema[0] === column ? [meta_data] : [],
  );
  const bytes = parts.reduce((sum, part) => sum + Number(part.total_uncompressed_size), 0);
  if (bytes <= LARGEST_GROUP) return;
  throw new Error(
    `${path} has groups of rows with ${bytes} bytes of images, which are in memory together; write it with smaller groups, such as ` +
      '1000 rows.',
  );
}

/** The image of a cell: bytes, a path or URL, or `{ bytes, path }`. */
function imageOf(
  cell: unknown,
  image: string,
  folder: string,
  progress: number,
  options: SourceOptions,
): SourceImage {
  const { bytes, path } = (cell ?? {}) as { bytes?: unknown; path?: unknown };
  const value = [bytes, path, cell].find((each) => each instanceof Uint8Array || typeof each === 'string');
  if (typeof value === 'string') return listedImage(value, folder, progress, options);
  const read = () => {
    if (value instanceof Uint8Array) return value;
    throw new Error(`the cell is ${shown(cell)}, which is no image`);
  };
  return { image: typeof path === 'string' ? `${image}/${path}` : image, progress, read };
}
