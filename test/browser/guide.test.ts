import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { build } from 'esbuild';
import type { Browser } from 'playwright-core';
import { launch, visit } from '../bundlers/visit.js';

const installed = process.env.SKIPSCALE_INSTALLED!;
const hasChromium = existsSync(process.env.CHROMIUM ?? '/usr/bin/chromium') || process.env.CI;

/** A program of the guide, bundled from the tarball. */
async function program(name: string): Promise<Uint8Array> {
  const guide = readFileSync('docs/guide.md', 'utf8');
  const [, code] = new RegExp('^```ts page\\n(// ' + name + '\\n[^]*?)^```$', 'm').exec(guide)!;
  const { outputFiles } = await build({
    stdin: { contents: code!, loader: 'ts', resolveDir: installed },
    bundle: true,
    format: 'esm',
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]!.contents;
}

(hasChromium ? describe : describe.skip)("the guide's programs for pages, in Chromium", () => {
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    const scripts = ['ask', 'worker'].map(async (name) => [`/${name}.ts`, await program(`${name}.ts`)]);
    const files = Object.fromEntries((await Promise.all(scripts)) as [string, Uint8Array][]);
    server = createServer(({ url }, response) => {
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
      if (url === '/cat.jpg') response.end(readFileSync('examples/photos/cat.jpg'));
      else if (files[url!]) response.setHeader('content-type', 'text/javascript').end(files[url!]);
      else
        response
          .setHeader('content-type', 'text/html')
          .end(
            `<!doctype html><link rel="icon" href="data:,"><script type="module" src="${url}.ts"></script>`,
          );
    });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const open = (path: string, expected: string) =>
    visit(browser, `http://localhost:${(server.address() as AddressInfo).port}/${path}`, expected);

  test('a Worker names a photo', async () => {
    expect(await open('ask', 'cat')).toMatchObject({ text: 'cat', complaints: [] });
  });
});
