import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { optionalPackage } from '../optional-package.js';
import { columnOf } from './columns.js';
import { listedImage, type SourceImage, type SourceOptions } from './source-image.js';

/** The images that a text file lists, a path or URL a line. Paths begin in the folder of the list. */
export async function* listedIn(path: string, options: SourceOptions): AsyncGenerator<SourceImage> {
  const { size } = await stat(path);
  yield* linesOf(createReadStream(path), dirname(path), size, options);
}

/** The images that lines of standard input name; their paths begin in the current folder. */
export function listedOnInput(options: SourceOptions): AsyncGenerator<SourceImage> {
  return linesOf(process.stdin, '', Infinity, options);
}

async function* linesOf(
  input: Readable,
  folder: string,
  size: number,
  options: SourceOptions,
): AsyncGenerator<SourceImage> {
  let bytes = 0;
  let failure: Error | undefined;
  const lines = createInterface({ input, crlfDelay: Infinity });
  // What goes wrong with the file does not end the lines by itself.
  input.once('error', (error) => {
    failure = error;
    lines.close();
  });
  for await (const line of lines) {
    bytes += Buffer.byteLength(line) + 1;
    const text = line.replace(/^\uFEFF/, '').trim();
    if (text !== '') yield listedImage(text, folder, Math.min(1, bytes / size), options);
  }
  if (failure) throw failure;
}

/** The images of a column of a CSV file, or one with tabs; paths begin in its folder. Takes csv-parse. */
export async function* listedInTable(path: string, options: SourceOptions): AsyncGenerator<SourceImage> {
  const { parse } = await optionalPackage(
    () => import('csv-parse'),
    'Reading CSV takes csv-parse',
    'csv-parse',
  );
  const { size } = await stat(path);
  const delimiter = /\.tsv$/i.test(path) ? '\t' : ',';
  const rows = parse({ bom: true, delimiter, info: true, relax_column_count: true, skip_empty_lines: true });
  const input = createReadStream(path);
  input.on('error', (error) => rows.destroy(error)).pipe(rows);
  let place: number | undefined;
  try {
    for await (const { record, info } of rows as AsyncIterable<{
      record: string[];
      info: { bytes: number };
    }>) {
      if (place === undefined) {
        place = record.indexOf(columnOf(path, record, options.column));
        continue;
      }
      const text = (record[place] ?? '').trim();
      yield listedImage(text, dirname(path), Math.min(1, info.bytes / size), options);
    }
  } finally {
    input.destroy();
  }
}
