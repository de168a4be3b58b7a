import type { FileHandle } from 'node:fs/promises';
import { nodeFiles } from '../../core/node-module.js';
import { readExactly } from '../../core/read-exactly.js';
import type { Store } from '../../core/store.js';

/** What the disk refused, not the network. */
export class DiskError extends Error {}

/** Whether a file is the begin of one, which a download left. */
export function isPartial(path: string): boolean {
  return path.endsWith('.partial');
}

/**
 * Collects a download on disk, so that another process can continue it. The file is named after the one that it becomes:
 * `NAME.ETAG.ID.partial`, the ETag in base64 and the ID random.
 *
 * Processes share none: each has a separate file and only appends to it, so that what is in it is at any moment a begin of
 * the version that its name says. Another process may copy it, and take it away: its owner goes on without its name,
 * and only does not become the file in the end.
 */
export class PartialFile implements Store {
  received = 0;
  etag: string | undefined;
  #handle: FileHandle | undefined;
  #path = '';

  private constructor(readonly file: string) {}

  /**
   * Takes over the longest begin that is left of a file, and removes the others.
   * @throws DiskError
   */
  static open(file: string): Promise<PartialFile> {
    return onDisk(async ({ fs, path }) => {
      const partial = new PartialFile(file);
      await fs.mkdir(path.dirname(file), { recursive: true });
      const left = await beginsOf(file);
      const [longest] = left.filter(({ etag }) => etag).sort((a, b) => b.size - a.size);
      if (longest) await partial.#copy(longest);
      for (const { path } of left) await fs.rm(path, { force: true });
      return partial;
    });
  }

  async #copy({ path, etag }: Begin): Promise<void> {
    const { fs } = modules();
    const source = await fs.open(path).catch(() => undefined);
    if (!source) return; // Another process was faster.
    this.etag = etag;
    const handle = await this.#open();
    for await (const chunk of source.createReadStream()) await handle.appendFile(chunk as Buffer);
    this.received = (await handle.stat()).size;
  }

  async #open(): Promise<FileHandle> {
    const { fs } = modules();
    const etag = Buffer.from(this.etag ?? '').toString('base64url');
    this.#path = `${this.file}.${etag}.${globalThis.crypto.randomUUID()}.partial`;
    return (this.#handle = await fs.open(this.#path, 'ax+'));
  }

  restart(etag?: string): Promise<void> {
    return onDisk(async ({ fs }) => {
      this.etag = etag;
      this.received = 0;
      if (!this.#handle) return;
      await this.#handle.close();
      this.#handle = undefined;
      await fs.rm(this.#path, { force: true });
    });
  }

  append(chunk: Uint8Array): Promise<void> {
    return onDisk(async () => {
      const handle = this.#handle ?? (await this.#open());
      await handle.appendFile(chunk);
      this.received += chunk.length;
    });
  }

  bytes(): Promise<Uint8Array> {
    const handle = this.#handle;
    return onDisk(() => readExactly((...place) => handle!.read(...place), this.received));
  }

  /**
   * Becomes the file, whole at once.
   * @throws DiskError
   */
  keep(): Promise<void> {
    return onDisk(async ({ fs }) => {
      await this.#handle?.sync();
      await this.#handle?.close();
      if (this.#handle) await fs.rename(this.#path, this.file);
      this.#handle = undefined;
    });
  }

  /** Leaves what another process can continue. */
  async close(): Promise<void> {
    if (this.etag === undefined || this.received === 0) await this.restart();
    else await this.#handle?.close();
  }
}

interface Begin {
  readonly path: string;
  readonly etag: string;
  readonly size: number;
}

/** What is left of downloads of a file. */
async function beginsOf(file: string): Promise<Begin[]> {
  const { fs, path } = modules();
  const folder = path.dirname(file);
  const prefix = `${path.basename(file)}.`;
  const names = (await fs.readdir(folder)).filter((name) => name.startsWith(prefix) && isPartial(name));
  const begins = names.map(async (name) => {
    // Of a file whose name goes on after this one's, there are more parts.
    const [etag, , suffix, ...more] = name.slice(prefix.length).split('.');
    const stats = await fs.stat(path.join(folder, name)).catch(() => undefined);
    if (!stats?.isFile() || suffix !== 'partial' || more.length > 0) return [];
    return {
      path: path.join(folder, name),
      etag: Buffer.from(etag!, 'base64url').toString(),
      size: stats.size,
    };
  });
  return (await Promise.all(begins)).flat();
}

function modules() {
  return nodeFiles('Keeping downloads');
}

async function onDisk<T>(work: (node: ReturnType<typeof modules>) => Promise<T>): Promise<T> {
  try {
    return await work(modules());
  } catch (error) {
    throw new DiskError((error as Error).message, { cause: error });
  }
}
