import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const inBrowser = existsSync(executablePath) || process.env.CI ? test : test.skip;

/** What runs in the page. */
const program = `
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgpu';
import { classify, pretrained, ready } from 'skipscale';

globalThis.run = async (photo) => {
  const bytes = Uint8Array.from(atob(photo), (character) => character.charCodeAt(0));
  const seen = [];
  const model = await pretrained('resnet20');
  const see = async () => seen.push([tf.getBackend(), (await classify(model, bytes))[0].label]);
  await see();
  for (const backend of ['webgpu', 'simd', 'webgpu', 'cpu']) {
    await ready({ backend });
    await see();
    if (seen.length === 2) {
      model.fuse();
      await see();
    }
  }
  model.dispose();
  return { seen, left: tf.memory().numTensors };
};
`;

inBrowser(
  "with tfjs's webgpu imported, builders wait for a backend, fuse() loses no device, and weights move whole",
  async () => {
    const installed = process.env.SKIPSCALE_INSTALLED!;
    const core = '@tensorflow/tfjs-core';
    const bundle = await build({
      stdin: { contents: program, resolveDir: installed },
      // The backend is this repository's, and its tfjs-core the installed one.
      nodePaths: [join(process.cwd(), 'node_modules')],
      alias: { [core]: join(installed, 'node_modules', core) },
      bundle: true,
      format: 'esm',
      write: false,
      logLevel: 'error',
    });
    const browser = await chromium.launch({
      executablePath,
      // A WebGPU in software.
      args: [
        ...['--headless', '--no-sandbox', '--no-first-run', '--enable-unsafe-webgpu'],
        ...['--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan'],
      ],
    });
    try {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on('console', (message) => complaints.push(message.text()));
      page.on('pageerror', (error) => complaints.push(error.message));
      // WebGPU takes a secure page, as localhost is; nothing listens there.
      await page.route('http://localhost/**', (route) =>
        route.request().url().endsWith('/app.js')
          ? route.fulfill({ contentType: 'text/javascript', body: bundle.outputFiles[0]!.text })
          : route.fulfill({
              contentType: 'text/html',
              body: '<link rel="icon" href="data:,"><script type="module" src="/app.js"></script>',
            }),
      );
      await page.goto('http://localhost/');
      await page.waitForFunction(() => 'run' in globalThis);
      const photo = readFileSync('examples/photos/cat.jpg').toString('base64');
      const found = await page.evaluate(
        (photo) => (globalThis as unknown as { run: (photo: string) => unknown }).run(photo),
        photo,
      );
      expect(found).toEqual({
        seen: [
          ['simd', 'cat'], // A WebGPU in software is not chosen.
          ...['webgpu', 'webgpu', 'simd', 'webgpu', 'cpu'].map((backend) => [backend, 'cat']),
        ],
        left: 0,
      });
      expect(complaints.filter((text) => !text.startsWith('simd: one thread only'))).toEqual([]);
    } finally {
      await browser.close();
    }
  },
);
