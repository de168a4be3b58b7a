import { nodeModule } from '../core/node-module.js';
import { PARTIAL, replaceFile } from '../core/replace-file.js';

const pattern = /^checkpoint-(\d{9,})\.safetensors$/;

/**
 * A folder of checkpoints, each named by its step, which are there as a whole or not at all.
 */
export class CheckpointFolder {
  private constructor(
    readonly folder: string,
    readonly keep: number,
    private readonly fs: typeof import('node:fs/promises'),
    private readonly path: typeof import('node:path'),
  ) {}

  /**
   * Opens a folder, which is made where it is not there; what was only half written is removed.
   * @param keep - How many of the latest checkpoints stay.
   * @throws Error outside of Node.
   */
  static async open(folder: string, keep: number): Promise<CheckpointFolder> {
    const fs = nodeModule<typeof import('node:fs/promises')>('node:fs/promises', 'Writing checkpoints');
    const path = nodeModule<typeof import('node:path')>('node:path', 'Writing checkpoints');
    await fs.mkdir(folder, { recursive: true });
    for (const name of await fs.readdir(folder)) {
      if (name.endsWith(`.safetensors${PARTIAL}`)) await fs.rm(path.join(folder, name));
    }
    return new CheckpointFolder(folder, keep, fs, path);
  }

  /** The bytes of the checkpoint of the latest step; undefined where there is none. */
  async latest(): Promise<{ path: string; bytes: Uint8Array } | undefined> {
    const name = (await this.#names()).at(-1);
    if (name === undefined) return undefined;
    const path = this.path.join(this.folder, name);
    return { path, bytes: await this.fs.readFile(path) };
  }

  /**
   * Writes a checkpoint and removes the oldest ones.
   * @returns its path.
   */
  async write(step: number, bytes: Uint8Array): Promise<string> {
    const path = this.#pathOf(step);
    await replaceFile(path, bytes);
    for (const name of (await this.#names()).slice(0, -this.keep)) {
      await this.fs.rm(this.path.join(this.folder, name));
    }
    return path;
  }

  /** Writes the weights of `best.safetensors`. */
  async writeBest(bytes: Uint8Array): Promise<void> {
    await replaceFile(this.path.join(this.folder, 'best.safetensors'), bytes);
  }

  #pathOf(step: number): string {
    return this.path.join(this.folder, `checkpoint-${String(step).padStart(9, '0')}.safetensors`);
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
  const fs = nodeModule<typeof import('node:fs/promises')>('node:fs/promises', 'Reading checkpoints');
  const names = await fs.readdir(folder).catch((): string[] => []);
  return names.some((name) => pattern.test(name));
}
