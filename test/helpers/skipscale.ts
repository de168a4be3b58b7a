import { run } from '../../src/cli/run.js';

export interface Result {
  status: number;
  stdout: string;
  stderr: string;
}

/** Runs a command line as the program does where nobody watches: its standard error is no terminal. */
export function skipscale(...args: string[]): Promise<Result> {
  return runProgram(args, false);
}

/** Runs a command line as the program does in a terminal, where progress bars show. */
export function skipscaleInTerminal(...args: string[]): Promise<Result> {
  return runProgram(args, true);
}

async function runProgram(args: string[], isTTY: boolean): Promise<Result> {
  const result = { status: 0, stdout: '', stderr: '' };
  let exit: number | undefined;
  const write = (stream: 'stdout' | 'stderr') => (text: unknown) => {
    result[stream] += String(text);
    return true;
  };
  const spies = [
    jest.spyOn(process.stdout, 'write').mockImplementation(write('stdout')),
    jest.spyOn(process.stderr, 'write').mockImplementation(write('stderr')),
    jest.spyOn(console, 'log').mockImplementation((text) => write('stdout')(`${text}\n`)),
    jest.spyOn(console, 'error').mockImplementation((text) => write('stderr')(`${text}\n`)),
    jest.spyOn(process, 'exit').mockImplementation((code) => {
      exit = Number(code ?? 0);
      throw new Error();
    }),
  ];
  const terminal = Object.getOwnPropertyDescriptor(process.stderr, 'isTTY');
  Object.defineProperty(process.stderr, 'isTTY', { value: isTTY, configurable: true });
  process.exitCode = 0;
  try {
    await run(['node', 'skipscale', ...args]);
  } finally {
    spies.forEach((spy) => spy.mockRestore());
    if (terminal) Object.defineProperty(process.stderr, 'isTTY', terminal);
    else Reflect.deleteProperty(process.stderr, 'isTTY');
  }
  // What ends the program inside a command, `run` catches and prints here; a real process would be gone by then.
  if (exit !== undefined) result.stderr = result.stderr.replace(/skipscale: \n$/, '');
  result.status = exit ?? Number(process.exitCode);
  process.exitCode = 0;
  return result;
}

/** Expects an error of one message that says this, and no trace of the program's insides. */
export function expectError({ status, stdout, stderr }: Result, message: string | RegExp): void {
  expect(status).toBe(1);
  expect(stdout).toBe('');
  expect(stderr).toMatch(message);
  expect(stderr).not.toMatch(/^\s+at /m);
}
