import type { ColumnSource } from 'hyparquet-writer';
import type { PartialFile } from '../../core/replace-file.js';
import { optionalPackage } from '../optional-package.js';
import type { Row, RowShape, RowWriter } from './row.js';

/** Rows of a group, which are in memory together; of features fewer, since they are many numbers. */
const [GROUP, FEATURES_GROUP] = [10_000, 1000];

/** Writes Parquet, its columns as those of CSV, features a list of float32. Takes hyparquet-writer. */
export async function parquetRows(file: PartialFile, shape: RowShape): Promise<RowWriter> {
  const { ByteWriter, ParquetWriter } = await optionalPackage(
    () => import('hyparquet-writer'),
    'Writing Parquet takes hyparquet-writer',
    'hyparquet-writer',
  );
  /** What is encoded goes to the file after each group. */
  class FileWriter extends ByteWriter {
    async flush(): Promise<void> {
      const bytes = this.getBytes().slice();
      this.index = 0;
      await file.write(bytes);
    }

    override finish(): Promise<void> {
      return this.flush();
    }
  }
  const columns = columnsOf(shape);
  const schema = [
    { name: 'root', num_children: columns.length },
    ...columns.flatMap(({ elements }) => elements),
  ];
  const writer = new ParquetWriter({ writer: new FileWriter(), schema });
  const size = shape.hasFeatures ? FEATURES_GROUP : GROUP;
  let rows: Row[] = [];
  const flush = async () => {
    if (rows.length === 0) return;
    const group = rows;
    rows = [];
    const columnData: ColumnSource[] = columns.map(({ name, valueOf }) => ({
      name,
      data: group.map(valueOf),
    }));
    await writer.write({ columnData, rowGroupSize: size });
  };
  return {
    write: async (row) => {
      if (rows.push(row) >= size) await flush();
    },
    end: async () => {
      await flush();
      await writer.finish();
    },
  };
}

type Element = ConstructorParameters<typeof import('hyparquet-writer').ParquetWriter>[0]['schema'][number];

interface Column {
  readonly name: string;
  readonly elements: Element[];
  readonly valueOf: (row: Row) => unknown;
}

function columnsOf({ top, hasFeatures }: RowShape): Column[] {
  const places = Array.from({ length: top }, (_, i) => i);
  const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8' } as const;
  return [
    column('index', { type: 'INT64', repetition_type: 'REQUIRED' }, ({ index }) => BigInt(index)),
    column('image', { ...text, repetition_type: 'REQUIRED' }, ({ image }) => image),
    ...places.flatMap((i) => [
      column(`label_${i + 1}`, text, ({ classes }) => classes?.[i]?.label),
      column(`class_${i + 1}`, { type: 'INT32' }, ({ classes }) => classes?.[i]?.index),
      column(`probability_${i + 1}`, { type: 'FLOAT' }, ({ classes }) => classes?.[i]?.probability),
    ]),
    ...(hasFeatures ? [listColumn('features', ({ features }) => features && Array.from(features))] : []),
    column('error', text, ({ error }) => error),
  ];
}

function column(name: string, element: Omit<Element, 'name'>, valueOf: (row: Row) => unknown): Column {
  return { name, elements: [{ name, repetition_type: 'OPTIONAL', ...element }], valueOf };
}

function listColumn(name: string, valueOf: (row: Row) => unknown): Column {
  return {
    name,
    elements: [
      { name, repetition_type: 'OPTIONAL', converted_type: 'LIST', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      { name: 'element', type: 'FLOAT', repetition_type: 'REQUIRED' },
    ],
    valueOf,
  };
}
