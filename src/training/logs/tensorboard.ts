import { makeFolder } from '../../core/make-folder.js';
import { nodeFiles } from '../../core/node-module.js';
import { WriteError } from '../../core/write-error.js';
import { imageRecord, restartRecord, scalarsRecord, versionRecord, type PngImage } from './event-records.js';

/** A file of events that TensorBoard reads, in Node; every call adds to it at once. */
export class TensorBoardLog {
  private constructor(
    readonly path: string,
    private readonly fs: typeof import('node:fs/promises'),
  ) {}

  /**
   * Begins a file named `events.out.tfevents.` and the time in a folder, which is made where it is not there.
   * @throws WriteError where the folder cannot be made; Error outside of Node.
   */
  static async open(folder: string): Promise<TensorBoardLog> {
    const { fs, path } = nodeFiles('TensorBoardLog');
    await makeFolder(folder);
    const name = `events.out.tfevents.${Math.floor(now())}.skipscale`;
    const log = new TensorBoardLog(path.join(folder, name), fs);
    await log.#add(versionRecord(now()));
    return log;
  }

  /** Adds the values that a step has, by their names, such as `{ 'loss/train': 0.3 }`. */
  scalars(step: number, values: Readonly<Record<string, number>>): Promise<void> {
    return this.#add(scalarsRecord(now(), step, values));
  }

  /** Adds a picture. */
  image(step: number, name: string, image: PngImage): Promise<void> {
    return this.#add(imageRecord(now(), step, name, image));
  }

  /** Says that a run goes on at this step: what the folder has of it and of later steps is void. */
  restart(step: number): Promise<void> {
    return this.#add(restartRecord(now(), step));
  }

  /** @throws WriteError where it cannot be written; the file is then as it was. */
  async #add(record: Uint8Array): Promise<void> {
    const before = await this.fs.stat(this.path).catch(() => undefined);
    try {
      await this.fs.appendFile(this.path, record);
    } catch (error) {
      // A part of a record would make all that follow unreadable.
      await this.fs.truncate(this.path, before?.size ?? 0).catch(() => {});
      throw await WriteError.of(this.path, record.length, error);
    }
  }
}

/** Seconds since 1970. */
function now(): number {
  return Date.now() / 1000;
}
