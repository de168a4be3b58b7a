import { nodeFiles } from '../../core/node-module.js';
import { isRunning, thisProcess, type ProcessName } from '../../core/running-process.js';
import { WriteError } from '../../core/write-error.js';

/** Who has a folder. */
interface Owner extends ProcessName {
  /** When it took the folder, as an ISO 8601 time. */
  readonly since?: string;
}

/** How often to look at a lock that changes meanwhile, and the milliseconds in between. */
const TRIES = 20;
const PAUSE = 50;

/**
 * A file in a folder that says which process trains into it, so that no second one does. That of a process that was
 * killed is recognised by its number and start; that of another machine cannot be, and stays.
 */
export class FolderLock {
  private constructor(
    readonly path: string,
    private readonly text: string,
  ) {}

  /**
   * Takes a folder, which shows too that it can be written to.
   * @throws Error that names the process which has it; WriteError where it cannot be written to.
   */
  static async take(folder: string): Promise<FolderLock> {
    const path = modules().path.join(folder, 'training.lock');
    const owner: Owner = { ...(await thisProcess()), since: new Date().toISOString() };
    const lock = new FolderLock(path, JSON.stringify(owner));
    for (let i = 0; i < TRIES; i++) {
      if (await lock.#make()) return lock;
      const text = await read(path);
      const other = text === undefined ? undefined : parse(text);
      if (other && (await isRunning(other))) throw inUse(folder, path, other, owner);
      // One without its text may just be being written.
      if (other || i === TRIES - 2) await FolderLock.#removeStale(path, text, owner);
      else if (text !== undefined) await pause();
    }
    throw new Error(`${path} cannot be taken; remove it, if no training runs in ${folder}.`);
  }

  /** Gives the folder back. */
  async release(): Promise<void> {
    if ((await read(this.path)) === this.text) await modules().fs.rm(this.path, { force: true });
  }

  /**
   * Removes a lock that says this, but none that has come in its place. Only who holds a second lock, `.claim`, removes, so
   * that nothing comes between the look and the removal. A claim of a process that was killed is removed the same way.
   */
  static async #removeStale(path: string, text: string | undefined, owner: Owner): Promise<void> {
    const claim = new FolderLock(`${path}.claim`, JSON.stringify(owner));
    if (await claim.#make()) {
      try {
        if ((await read(path)) === text) await modules().fs.rm(path, { force: true });
      } finally {
        await claim.release();
      }
      return;
    }
    const claimed = await read(claim.path);
    const other = claimed === undefined ? undefined : parse(claimed);
    if (other && !(await isRunning(other))) await FolderLock.#removeStale(claim.path, claimed, owner);
    else await pause();
  }

  /** Makes the file; whether there was none. */
  async #make(): Promise<boolean> {
    const { fs } = modules();
    let isOurs = false;
    try {
      const file = await fs.open(this.path, 'wx');
      isOurs = true;
      await file.writeFile(this.text).finally(() => file.close());
      return true;
    } catch (error) {
      if (!isOurs && codeOf(error) === 'EEXIST') return false;
      if (isOurs) await fs.rm(this.path, { force: true }).catch(() => {});
      throw await WriteError.of(this.path, this.text.length, error);
    }
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE));
}

/**
 * What a lock says; undefined where there is none.
 * @throws Error where it is no file: reading a pipe waits for a writer.
 */
async function read(path: string): Promise<string | undefined> {
  try {
    const found = await modules().fs.stat(path);
    if (!found.isFile() && !found.isDirectory())
      throw new Error(`${path} is a pipe or device, and no file; remove it, if no training runs there.`);
    return await modules().fs.readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw codeOf(error) === undefined ? error : await WriteError.of(path, 0, error);
  }
}

function parse(text: string): Owner | undefined {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    return typeof owner?.pid === 'number' && typeof owner.host === 'string' ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}

function inUse(folder: string, path: string, other: Owner, here: Owner): Error {
  const isThis = other.pid === here.pid && other.host === here.host;
  const who = `${isThis ? 'this process' : 'the process'} ${other.pid} on ${other.host}`;
  const since = typeof other.since === 'string' ? ` since ${other.since}` : '';
  const elsewhere =
    other.host === here.host
      ? ''
      : ` Whether it still runs is not known here; if it does not, remove ${path}.`;
  return new Error(
    `${folder} is in use by another training, of ${who}${since}. Let that one end, or give another folder.${elsewhere}`,
  );
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

function modules() {
  return nodeFiles('Writing checkpoints');
}
