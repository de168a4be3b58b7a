import { threadsOf, type Tile } from './product.js';

/** What a choice of a tile depends on. */
export interface Processor {
  readonly enoughWorkgroups: number;
  /** Threads of a workgroup that adds up values; waiting for each other takes long where a processor plays the device. */
  readonly reductionThreads: number;
  /** Whether the memory of a workgroup is faster than that of buffers; it is not where a processor plays the device. */
  readonly hasFastWorkgroupMemory: boolean;
  readonly maxThreads: number;
}

/** What is known of an adapter. */
export function processorOf({ isFallbackAdapter = false }: GPUAdapterInfo, maxThreads: number): Processor {
  // Two workgroups for each of a large graphics card's processors.
  return isFallbackAdapter
    ? { enoughWorkgroups: 8, reductionThreads: 32, hasFastWorkgroupMemory: false, maxThreads }
    : { enoughWorkgroups: 256, reductionThreads: 256, hasFastWorkgroupMemory: true, maxThreads };
}

/** The sizes of a product, [rows, depth] by [depth, columns], `count` times. */
export interface ProductSizes {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly count?: number;
}

/** None takes more than 16 KiB of a workgroup's memory, which every device has. From the one that reads least a value to those that divide small products into many workgroups. */
const tiles: readonly Tile[] = [
  { rows: 128, columns: 64, threadRows: 8, threadColumns: 4, depth: 16, splits: 1 },
  { rows: 64, columns: 64, threadRows: 8, threadColumns: 4, depth: 16, splits: 1 },
  { rows: 64, columns: 32, threadRows: 4, threadColumns: 4, depth: 16, splits: 1 },
  { rows: 32, columns: 32, threadRows: 4, threadColumns: 4, depth: 16, splits: 2 },
  { rows: 32, columns: 32, threadRows: 4, threadColumns: 4, depth: 8, splits: 4 },
];

/** A tile for a product of these sizes. */
export function chooseTile(
  { rows, columns, depth, count = 1 }: ProductSizes,
  { enoughWorkgroups, hasFastWorkgroupMemory, maxThreads }: Processor,
): Tile {
  if (!hasFastWorkgroupMemory) return directTile(rows, columns);
  const fitting = tiles.filter(
    (tile) => depth >= tile.depth * tile.splits * 2 && threadsOf(tile) <= maxThreads,
  );
  const workgroups = (tile: Tile) => Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns) * count;
  return fitting.find((tile) => workgroups(tile) >= enoughWorkgroups) ?? fitting.at(-1) ?? tiles[2]!;
}

/** At most 64 threads, of which so many stand side by side and below each other as there are columns and rows for. */
function directTile(rows: number, columns: number): Tile {
  const power = (count: number) => 2 ** Math.ceil(Math.log2(count));
  const wanted = { down: power(rows / 4), across: power(columns / 4) };
  const across = Math.max(1, Math.min(wanted.across, Math.max(8, 64 / Math.max(1, wanted.down))));
  const down = Math.max(1, Math.min(wanted.down, 64 / across));
  return { rows: down * 4, columns: across * 4, threadRows: 4, threadColumns: 4, depth: 0, splits: 1 };
}

/** A part of a program's key. */
export function tileKey({ rows, columns, threadRows, threadColumns, depth, splits }: Tile): string {
  return `${rows}x${columns} ${threadRows}x${threadColumns} ${depth} ${splits}`;
}
