import { makeFolder } from '../../core/make-folder.js';
import { nodeFiles } from '../../core/node-module.js';
import { readExactly } from '../../core/read-exactly.js';
import { removePartials, replaceFile } from '../../core/replace-file.js';
import type { HostTensor } from '../../weights/formats/checkpoint.js';
import { decodeSafetensors } from '../../weights/formats/safetensors.js';
import { FolderLock } from './folder-lock.js';

const pattern = /^checkpoint-(\d{9,})\.safetensors$/;
const BEST = 'best.safetensors';

/** A checkpoint that has been read. */
export interface ReadCheckpoint {
  readonly path: string;
  readonly tensors: ReadonlyMap<string, HostTensor>;
  /** What it says of its training; undefined where it is none of a training. */
  readonly training: unknown;
}

/** A checkpoint that is not whole. */
export interface SkippedCheckpoint {
  readonly path: string;
  /** Such as `It is empty.` */
  readonly reason: string;
}

/**
 * A folder of checkpoints, each named by its step, which are there as a whole or not at all; it is this training's until it is
 * closed.
 */
export class CheckpointFolder {
  /** Names of checkpoints that could not be read. */
  readonly #damaged = new Set<string>();

  private constructor(
    readonly folder: string,
    readonly keep: number,
    private readonly lock: FolderLock,
    private readonly fs: typeof import('node:fs/promises'),
    private readonly path: typeof import('node:path'),
  ) {}

  /**
   * Takes a folder, which is made where it is not there; what was only half written is removed.
   * @param keep - How many of the latest checkpoints stay.
   * @throws Error where another training has it; WriteError where it cannot be written to; Error outside of Node.
   */
  static async open(folder: string, keep: number): Promise<CheckpointFolder> {
    const { fs, path } = nodeFiles('Writing checkpoints');
    await makeFolder(folder);
    const lock = await FolderLock.take(folder);
    await removePartials(folder, (file) => pattern.test(file) || file === BEST);
    return new CheckpointFolder(folder, keep, lock, fs, path);
  }

  /** Lets another training have the folder. */
  close(): Promise<void> {
    return this.lock.release();
  }

  /** Whether there are checkpoints, be they whole or not. */
  async isUsed(): Promise<boolean> {
    return (await this.#names()).length > 0;
  }

  /**
   * The checkpoint of the latest step that is whole, and those of later steps, which are not.
   * @throws Error where none is whole.
   */
  async newest(): Promise<{ newest: ReadCheckpoint; skipped: readonly SkippedCheckpoint[] }> {
    const skipped: SkippedCheckpoint[] = [];
    for (const name of (await this.#names()).reverse()) {
      const path = this.path.join(this.folder, name);
      try {
        return { newest: await this.#read(path), skipped };
      } catch (error) {
        this.#damaged.add(name);
        skipped.push({ path, reason: (error as Error).message });
      }
    }
    const list = skipped.map(({ path, reason }) => `\n  ${path}: ${reason}`).join('');
    throw new Error(
      `No checkpoint of ${this.folder} is whole, so there is nothing to resume. The files are still there; remove them to start ` +
        `again, or give another folder.${list}`,
    );
  }

  async #read(path: string): Promise<ReadCheckpoint> {
    const { tensors, metadata } = decodeSafetensors(await this.#bytesOf(path));
    return { path, tensors, training: JSON.parse(metadata.get('training') ?? 'null') as unknown };
  }

  async #bytesOf(path: string): Promise<Uint8Array> {
    const stats = await this.fs.stat(path);
    if (!stats.isFile()) throw new Error(stats.isDirectory() ? 'It is a folder.' : 'It is no file.');
    if (stats.size === 0) throw new Error('It is empty.');
    const file = await this.fs.open(path);
    try {
      return await readExactly((...place) => file.read(...place), stats.size);
    } finally {
      await file.close();
    }
  }

  /**
   * Writes a checkpoint, and when it is there removes the oldest ones.
   * @throws WriteError where it cannot be written; then no other is removed.
   */
  async write(step: number, bytes: Uint8Array): Promise<void> {
    const path = this.pathOf(step);
    await replaceFile(path, bytes);
    this.#damaged.delete(this.path.basename(path));
    // What cannot be removed now is tried again next time.
    await this.#removeOldest().catch(() => {});
  }

  /** Writes the weights of `best.safetensors`; as {@link write}. */
  async writeBest(bytes: Uint8Array): Promise<void> {
    await replaceFile(this.bestPath, bytes);
  }

  get bestPath(): string {
    return this.path.join(this.folder, BEST);
  }

  pathOf(step: number): string {
    return this.path.join(this.folder, `checkpoint-${String(step).padStart(9, '0')}.safetensors`);
  }

  async #removeOldest(): Promise<void> {
    const whole = (await this.#names()).filter((name) => !this.#damaged.has(name));
    for (const name of whole.slice(0, -this.keep)) await this.fs.rm(this.path.join(this.folder, name));
  }

  /** The names of the checkpoints, the earliest step first. */
  async #names(): Promise<string[]> {
    const step = (name: string) => Number(pattern.exec(name)![1]);
    return (await this.fs.readdir(this.folder))
      .filter((name) => pattern.test(name))
      .sort((a, b) => step(a) - step(b));
  }
}

/** Whether a folder is there and has checkpoints. In Node only. */
export async function hasCheckpoints(folder: string): Promise<boolean> {
  const { fs } = nodeFiles('Reading checkpoints');
  const names = await fs.readdir(folder).catch((): string[] => []);
  return names.some((name) => pattern.test(name));
}
