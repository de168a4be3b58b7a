import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** A child process that does a piece of work when it is told to; see peers/serve.js. */
export class Peer {
  /** The lines that it said before it was warm. */
  notes = [];
  #start;
  #process;
  #lines;

  /**
   * @param {string} name - For tables.
   * @param {string} file - Below `peers`; a Python file runs in $PYTHON or python3.
   * @param {(string | number)[]} args
   */
  constructor(name, file, args) {
    this.name = name;
    const path = fileURLToPath(new URL(`peers/${file}`, import.meta.url));
    const program = file.endsWith('.py') ? (process.env.PYTHON ?? 'python3') : process.execPath;
    this.#start = () => {
      this.#process = spawn(program, [path, ...args.map(String)], { stdio: ['pipe', 'pipe', 'inherit'] });
      this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    };
  }

  async #answer() {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`${this.name} ended.`);
    return value;
  }

  /** Starts the process and waits until it is warm. */
  async ready() {
    this.#start();
    for (let line; (line = await this.#answer()) !== 'ready';) this.notes.push(line);
  }

  /** Milliseconds of one run. */
  async run() {
    this.#process.stdin.write('run\n');
    return Number(await this.#answer());
  }

  /** Its peak memory in MiB. */
  async memory() {
    this.#process.stdin.write('memory\n');
    return Number(await this.#answer());
  }

  end() {
    this.#process.kill();
  }
}

/** Milliseconds between two runs, in which the threads of the one before stop to look for work. */
const PAUSE = 50;

/** Runs the peers in turn, once a round, and gives the median time of each. The first round does not count. */
export async function alternate(peers, { rounds = 15 } = {}) {
  // One after the other, so that none disturbs another's warming up.
  for (const peer of peers) await peer.ready();
  const times = peers.map(() => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, peer] of peers.entries()) {
      await pause(PAUSE);
      const time = await peer.run();
      if (round >= 0) times[i].push(time);
    }
  }
  return times.map(median);
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}
