import type { PartialFile } from '../../core/replace-file.js';
import type { Row, RowShape, RowWriter } from './row.js';

/** Characters that are written together. */
const CHUNK = 2 ** 16;

/** Writes a line a row: a first one, where there is one, and what `format` makes of each row. */
class LineWriter implements RowWriter {
  #text: string;

  constructor(
    readonly file: PartialFile,
    readonly format: (row: Row) => string,
    head = '',
  ) {
    this.#text = head;
  }

  async write(row: Row): Promise<void> {
    this.#text += `${this.format(row)}\n`;
    if (this.#text.length >= CHUNK) await this.end();
  }

  async end(): Promise<void> {
    const bytes = new TextEncoder().encode(this.#text);
    this.#text = '';
    await this.file.write(bytes);
  }
}

/** Writes JSON, an object a line. */
export function jsonLines(file: PartialFile): RowWriter {
  const format = ({ features, ...row }: Row) =>
    JSON.stringify(features ? { ...row, features: Array.from(features) } : row);
  return new LineWriter(file, format);
}

/** Writes CSV as RFC 4180 describes it; features are a JSON list in one column. */
export function commaSeparated(file: PartialFile, { top, hasFeatures }: RowShape): RowWriter {
  const places = Array.from({ length: top }, (_, i) => i);
  const names = [
    ...['index', 'image'],
    ...places.flatMap((i) => [`label_${i + 1}`, `class_${i + 1}`, `probability_${i + 1}`]),
    ...(hasFeatures ? ['features'] : []),
    'error',
  ];
  const format = ({ index, image, classes, features, error }: Row) => {
    const found = places.flatMap((i) => {
      const { label = '', index: place = '', probability = '' } = classes?.[i] ?? {};
      return [label, place, probability];
    });
    const list = hasFeatures ? [features ? JSON.stringify(Array.from(features)) : ''] : [];
    return [index, image, ...found, ...list, error ?? ''].map(quoted).join(',');
  };
  return new LineWriter(file, format, `${names.join(',')}\n`);
}

function quoted(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
