import { nodeFiles } from './node-module.js';

/** A process as a file may name it. */
export interface ProcessName {
  readonly pid: number;
  readonly host: string;
  /** When it began, as the system counts, where it says so: a number may be another process's later. */
  readonly start?: string;
}

/** This process. */
export async function thisProcess(): Promise<ProcessName> {
  const { pid } = modules().process;
  return { pid, host: hostName(), start: (await statOf(pid))?.start };
}

/** The name of this machine, without dots. */
export function hostName(): string {
  return modules()
    .os.hostname()
    .replace(/[^\w-]/g, '-');
}

/** Whether a process still runs; of one of another machine nothing is known, so that it does. */
export async function isRunning({ pid, host, start }: ProcessName): Promise<boolean> {
  // 0 and below are no processes, but groups of them.
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  if (host !== hostName()) return true;
  try {
    modules().process.kill(pid, 0);
  } catch (error) {
    // Otherwise it is there and another user's.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const found = await statOf(pid);
  if (!found) return true;
  return found.state !== 'Z' && (start === undefined || start === found.start);
}

/** What Linux says of a process; its state is Z where it has ended and nobody has asked how. */
async function statOf(pid: number): Promise<{ state: string; start: string } | undefined> {
  const stat = await modules()
    .fs.readFile(`/proc/${pid}/stat`, 'utf8')
    .catch(() => undefined);
  // The second value is a name in parentheses, which may have such and spaces.
  const values = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  return values && { state: values[0]!, start: values[19]! };
}

function modules() {
  return nodeFiles('Writing files');
}
