import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { plainApps, type Cell } from './cells.js';

const here = 'test/bundlers';

/** The bundlers get no colours, and `CI` unset: there, Next warns of a cache that is not configured. */
const environment = {
  ...process.env,
  NODE_ENV: undefined,
  CI: undefined,
  NO_COLOR: '1',
  FORCE_COLOR: undefined,
};
Object.assign(environment, { NEXT_TELEMETRY_DISABLED: '1' });

/** Processes that run now, each the leader of a group. */
const running = new Set<ChildProcess>();

/** Ends a process with all that it started. */
export function stop(child: ChildProcess): void {
  if (running.delete(child)) process.kill(-child.pid!, 'SIGKILL');
}

export const stopAll = () => running.forEach(stop);

interface Started {
  child: ChildProcess;
  ended: Promise<number | null>;
  output: () => string;
}

/** Starts a program; `output` is all that it has printed so far. */
function start(program: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(program, args, {
    cwd,
    env: { ...environment, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let text = '';
  child.stdout.on('data', (part: Buffer) => (text += part.toString()));
  child.stderr.on('data', (part: Buffer) => (text += part.toString()));
  const ended = new Promise<number | null>((resolve) =>
    child.on('close', (status) => {
      running.delete(child);
      resolve(status);
    }),
  );
  return { child, ended, output: () => text };
}

/** Runs a program to its end, which must come within five minutes; gives what it printed. */
async function run(program: string, args: string[], cwd: string, env?: NodeJS.ProcessEnv): Promise<string> {
  const { child, ended, output } = start(program, args, cwd, env);
  const timer = setTimeout(() => stop(child), 300_000);
  const status = await ended;
  clearTimeout(timer);
  if (status !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${status}:\n${output()}`);
  return output();
}

/** Packs the built package into a folder; gives the tarball's path. */
export async function pack(folder: string): Promise<string> {
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], process.cwd());
  return join(
    folder,
    readdirSync(folder).find((file) => file.endsWith('.tgz'))!,
  );
}

const html = ({ script, head = '' }: { script: string; head?: string }, name: string) => `<!doctype html>
<html lang="en">
  <head>
    <title>skipscale</title>
    <link rel="icon" href="data:," />
    ${head}
    <script ${script.replace('NAME', name)}></script>
  </head>
  <body></body>
</html>
`;

/** Writes the two pages of an app of plain HTML into a folder. */
function writePages(app: string, folder: string): void {
  mkdirSync(join(folder, 'small'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), html(plainApps[app]!, 'classify'));
  writeFileSync(join(folder, 'small/index.html'), html(plainApps[app]!, 'small'));
}

/** Copies an app with its pages and the photo into a folder, and installs its packages and the tarball there. */
export async function install(app: string, folder: string, tarball: string): Promise<void> {
  cpSync(join(here, 'apps', app), folder, { recursive: true });
  const photos = app === 'sveltekit' ? 'static' : app === 'import-map' ? '.' : 'public';
  cpSync('examples/photos/cat.jpg', join(folder, photos, 'cat.jpg'));
  if (app in plainApps) {
    for (const page of ['classify', 'small']) {
      cpSync(join(here, `pages/${page}.ts`), join(folder, `${page}.${plainApps[app]!.extension}`));
    }
    writePages(app, folder);
  }
  // Of the lock file, and with the tarball next to it.
  await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline', tarball], folder);
}

const bin = (folder: string, command: string): [string, string[]] => {
  const [program, ...args] = command.split(' ');
  return [join(folder, 'node_modules/.bin', program!), args];
};

/** Builds a cell; gives what the bundler printed. */
export async function build(cell: Cell, folder: string): Promise<string> {
  if (!cell.build) return '';
  const output = await run(...bin(folder, cell.build), folder);
  if (cell.root) {
    writePages(cell.app, join(folder, cell.root));
    cpSync(join(folder, 'public'), join(folder, cell.root), { recursive: true });
  }
  return output;
}

/** Builds a cell without TensorFlow.js; gives the scripts that the small page needs at once. */
export async function buildOwn(cell: Cell, folder: string): Promise<Buffer[]> {
  await run(...bin(folder, cell.own!), folder, { WITHOUT_TENSORFLOW: '1' });
  const own = join(folder, 'own');
  if (cell.root) writePages(cell.app, own);
  const page = readFileSync(join(own, 'small/index.html'), 'utf8');
  const found = new Set([...page.matchAll(/(?:src|href)="(\/[^"]+\.js)"/g)].map(([, path]) => path!));
  const scripts: Buffer[] = [];
  // The set grows meanwhile.
  for (const path of found) {
    const script = readFileSync(join(own, path));
    scripts.push(script);
    for (const [, other] of script.toString().matchAll(/\b(?:import|from)\s*["'](\.{1,2}\/[^"']+)["']/g)) {
      // esbuild names some of what it leaves out by its path.
      if (!other!.includes('@tensorflow/')) found.add(new URL(other!, `http://localhost${path}`).pathname);
    }
  }
  return scripts;
}

interface Served {
  origin: string;
  output: () => string;
  close: () => void;
}

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.jpg': 'image/jpeg',
  '.wasm': 'application/wasm',
};

/** Serves a folder as it is. */
async function serveFolder(folder: string): Promise<Served> {
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url!, 'http://localhost');
    const path = join(folder, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    try {
      const content = readFileSync(path);
      response.setHeader('content-type', types[extname(path)] ?? 'application/octet-stream').end(content);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://localhost:${port}`,
    output: () => '',
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Serves what a cell has built, or its sources where the bundler's own server builds them. */
export async function serve(cell: Cell, folder: string): Promise<Served> {
  if (!cell.serve) return serveFolder(join(folder, cell.root!));
  const port = await freePort();
  const { child, ended, output } = start(...bin(folder, cell.serve.replace('PORT', String(port))), folder);
  const origin = `http://localhost:${port}`;
  let over = false;
  void ended.then(() => (over = true));
  const until = Date.now() + 120_000;
  for (;;) {
    // A photo needs no building.
    const answer = await fetch(`${origin}/cat.jpg`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return { origin, output, close: () => stop(child) };
    if (over || Date.now() > until) {
      stop(child);
      throw new Error(`${cell.serve} does not serve:\n${output()}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
