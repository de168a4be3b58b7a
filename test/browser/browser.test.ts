import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { Rank, Tensor4D } from '@tensorflow/tfjs-core';
import { build } from 'esbuild';
import { chromium, type Browser, type Page } from 'playwright-core';

const installed = process.env.SKIPSCALE_INSTALLED!;
const data = join(process.cwd(), '../shared/data/cifar10');
const weights = join(data, 'resnet20-12fca82f.th');
const images = ['cat/0001.jpg', 'ship/0002.jpg', 'airplane/0000.jpg'];
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

// In CI nothing is skipped: what is missing fails.
const missing = [executablePath, data].filter((path) => !existsSync(path));
const inBrowser = missing.length === 0 || process.env.CI ? describe : describe.skip;
if (missing.length > 0) {
  console.warn(
    `No tests in a browser without ${missing.join(' and ')}; CHROMIUM may name Chromium's program.`,
  );
}

/** What runs in the page; see test/package/apps/browser.mjs. */
declare const tf: typeof import('@tensorflow/tfjs-core');
declare const skipscale: typeof import('skipscale');
declare const simd: typeof import('skipscale/simd');
declare const train: () => unknown;

type Classes = { label: string; index: number; probability: number }[];

inBrowser('in Chromium, bundled from the tarball', () => {
  let server: Server;
  let origin: string;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    const bundle = await build({
      entryPoints: [join(installed, 'browser.mjs')],
      bundle: true,
      minify: true,
      format: 'esm',
      write: false,
      logLevel: 'error',
    });
    server = createServer(({ url }, response) => {
      const types: Record<string, string> = { '.js': 'text/javascript', '.jpg': 'image/jpeg' };
      response.setHeader('content-type', types[extname(url!)] ?? 'text/html');
      if (url !== '/not-isolated') {
        // With these, threads may share memory.
        response.setHeader('cross-origin-opener-policy', 'same-origin');
        response.setHeader('cross-origin-embedder-policy', 'require-corp');
      }
      if (url === '/' || url === '/not-isolated')
        response.end(
          '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/app.js"></script>',
        );
      else if (url === '/app.js') response.end(bundle.outputFiles[0]!.contents);
      else if (url!.startsWith('/data/')) response.end(readFileSync(join(data, url!.slice('/data/'.length))));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    origin = `http://localhost:${(server.address() as AddressInfo).port}`;
    const quiet = ['background-networking', 'component-update', 'sync', 'gpu', 'quic'].map(
      (what) => `--disable-${what}`,
    );
    browser = await chromium.launch({
      executablePath,
      args: ['--headless', '--no-sandbox', '--no-first-run', ...quiet],
    });
    page = await browser.newPage();
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(origin);
    await page.waitForFunction(() => 'skipscale' in globalThis);
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test.each(['cpu', 'simd', 'webgl'])(
    'on %s, images are what they are in Node, as URLs and as elements',
    async (backend) => {
      const args = [
        'classify',
        ...images,
        '--model',
        'resnet20',
        '--weights',
        weights,
        '--json',
        '--top',
        '10',
      ];
      const output = execFileSync(join(installed, 'node_modules/.bin/skipscale'), args, {
        cwd: join(data, 'images'),
        encoding: 'utf8',
      });
      const expected = (JSON.parse(output) as { classes: Classes }[]).map(({ classes }) => classes);

      const found = await page.evaluate(
        async ({ backend, images }) => {
          if ((await skipscale.ready({ backend })) !== backend) return undefined;
          const before = tf.memory().numTensors;
          const model = skipscale.buildResNet(20, { initialize: false });
          await skipscale.load(model, '/data/resnet20-12fca82f.th');
          const urls = images.map((image) => `/data/images/${image}`);
          const elements = await Promise.all(
            urls.map(async (url) => {
              const element = Object.assign(new Image(), { src: url });
              await element.decode();
              return element;
            }),
          );
          const byUrl = await skipscale.classify(model, urls, { top: 10 });
          const byElement = await skipscale.classify(model, elements, { top: 10 });
          model.dispose();
          return { byUrl, byElement, left: tf.memory().numTensors - before };
        },
        { backend, images },
      );
      expect(found).toBeDefined();
      const { byUrl, byElement, left } = found!;
      for (const classes of [byUrl, byElement]) {
        expect(classes.map(([first]) => first!.label)).toEqual(expected.map(([first]) => first!.label));
        classes.flat().forEach(({ index, probability }, i) => {
          const image = expected[Math.floor(i / 10)]!;
          expect(probability).toBeCloseTo(image.find((one) => one.index === index)!.probability, 4);
        });
      }
      expect(left).toBe(0);
    },
  );

  test('weights of a Blob, and from IndexedDB after the page was loaded again', async () => {
    const [bytes, sha256] = [
      readFileSync(weights),
      createHash('sha256').update(readFileSync(weights)).digest('hex'),
    ];
    const other = await browser.newPage();
    await other.goto(origin);
    await other.waitForFunction(() => 'skipscale' in globalThis);
    const first = await other.evaluate(async (sha256) => {
      const model = skipscale.buildResNet(20, { initialize: false });
      const progress: [number, number | undefined][] = [];
      await skipscale.load(model, '/data/resnet20-12fca82f.th', { sha256 });
      await skipscale.load(model, '/data/resnet20-12fca82f.th', {
        onProgress: (...part) => progress.push(part),
      });
      const blob = await (await fetch('/data/resnet20-12fca82f.th')).blob();
      const ofBlob = await skipscale.load(new File([blob], 'resnet20.th'), { sha256 });
      const saved = await skipscale.encode(ofBlob);
      await skipscale.storeWeights('indexeddb://resnet20', saved);
      return { last: progress.at(-1), bias: Array.from(ofBlob.head!.bias!.dataSync()) };
    }, sha256);
    expect(first.last).toEqual([bytes.length, bytes.length]);
    await other.reload();
    await other.waitForFunction(() => 'skipscale' in globalThis);
    const later = await other.evaluate(async () => {
      const model = await skipscale.load('indexeddb://resnet20');
      await skipscale.removeWeights('indexeddb://resnet20');
      const removed = await skipscale.load('indexeddb://resnet20').catch((error: Error) => error.message);
      return { bias: Array.from(model.head!.bias!.dataSync()), removed };
    });
    expect(later.bias).toEqual(first.bias);
    expect(later.removed).toContain('Nothing is kept at indexeddb://resnet20');
    const wrong = await other.evaluate(
      (sha256) =>
        skipscale.load('/data/resnet20-12fca82f.th', { sha256 }).catch((error: Error) => error.message),
      'f'.repeat(64),
    );
    expect(wrong).toContain(`has the SHA-256 ${sha256} and not`);
    await other.close();
  });

  test('the weights that come with the package', async () => {
    const found = await page.evaluate(async () => {
      const model = await skipscale.pretrained('resnet20');
      const [first] = await skipscale.classify(model, '/data/images/cat/0001.jpg');
      model.dispose();
      return first!.label;
    });
    expect(found).toBe('cat');
  });

  test('images of every kind have the pixels that Pillow decodes, but for transparent ones', async () => {
    const { decoded } = JSON.parse(readFileSync('test/golden/vision.json', 'utf8')) as {
      decoded: Record<string, { height: number; width: number; data: string }>;
    };
    const opaque = Object.entries(decoded).filter(([name]) => !name.includes('alpha'));
    expect(opaque.length).toBeGreaterThan(20);
    for (const [name, expected] of opaque) {
      const file = readFileSync(join('test/golden/images', name)).toString('base64');
      const { height, width, data } = await page.evaluate(async (file) => {
        const bytes = Uint8Array.from(atob(file), (character) => character.charCodeAt(0));
        const { height, width, data } = await skipscale.decodeImage(bytes);
        return { height, width, data: Array.from(data) };
      }, file);
      expect([name, height, width]).toEqual([name, expected.height, expected.width]);
      expect([name, Buffer.from(data).toString('base64')]).toEqual([name, expected.data]);
    }
  });

  test('elements that have no picture yet are told apart from broken images', async () => {
    const messages = await page.evaluate(() =>
      Promise.all(
        [new Image(), document.createElement('video')].map((element) =>
          skipscale.decodeImage(element).catch((error: Error) => error.message),
        ),
      ),
    );
    const others = await page.evaluate(() => {
      const heic = new File([new Uint8Array(4), 'ftypheic', new Uint8Array(99)], 'photo.jpg');
      return Promise.all(
        [heic, undefined as unknown as File].map((source) =>
          skipscale.decodeImage(source).catch((error: Error) => error.message),
        ),
      );
    });
    expect(others).toEqual([
      expect.stringContaining('it is HEIC, as iPhones write it'),
      expect.stringMatching(/^An image is undefined; give a path, a URL/),
    ]);
    for (const message of messages)
      expect(message).toMatch(/the element shows nothing yet; wait until it has loaded/);
  });

  test('on cpu, networks train to the losses of Node', async () => {
    const { stdout } = spawnSync(process.execPath, ['esm.mjs', 'cpu'], { cwd: installed, encoding: 'utf8' });
    const expected = JSON.parse(stdout) as { losses: Record<string, number[]>; left: number };
    const found = (await page.evaluate(async () => {
      await skipscale.ready({ backend: 'cpu' });
      return train();
    })) as typeof expected;
    expect(found.left).toBe(0);
    for (const [name, losses] of Object.entries(expected.losses)) {
      losses.forEach((loss, i) => expect(found.losses[name]![i]).toBeCloseTo(loss, 4));
    }
  });

  /** Sums of a convolution and of its gradients on simd with `threads` threads, or with all there are. */
  const convolved = (page: Page, threads?: number) =>
    page.evaluate(async (threads) => {
      await skipscale.ready({ backend: 'simd' });
      if (threads) simd.setThreads(threads);
      await skipscale.warmUp(skipscale.buildResNet(20, { width: 0.25 }));
      const x = tf.randomUniform<Rank.R4>([2, 16, 16, 16], -1, 1, 'float32', 1);
      const kernel = tf.randomUniform<Rank.R4>([3, 3, 16, 16], -1, 1, 'float32', 2);
      const gradient = tf.grads((x, kernel) => tf.conv2d(x as Tensor4D, kernel as Tensor4D, 1, 'same'));
      const [dx, dKernel] = gradient([x, kernel]);
      const values = [tf.conv2d(x, kernel, 1, 'same'), dx!, dKernel!].map((y) => Array.from(y.dataSync()));
      return { threads: simd.getThreads(), values };
    }, threads);

  test('simd has threads in an isolated page, and one, with a note, in another, with the same results', async () => {
    const isolated = await convolved(page, 3);
    expect(isolated.threads).toBe(3);
    const other = await browser.newPage();
    const notes: string[] = [];
    other.on('console', (message) => notes.push(message.text()));
    await other.goto(`${origin}/not-isolated`);
    await other.waitForFunction(() => 'skipscale' in globalThis);
    const alone = await convolved(other);
    expect(alone.threads).toBe(1);
    expect(notes).toEqual([expect.stringContaining('simd: one thread only')]);
    expect(alone.values).toEqual(isolated.values);
    await other.close();
  });

  test('nothing is complained of', () => {
    expect(complaints).toEqual([]);
  });

  describe('the page of examples/web', () => {
    let serving: ChildProcess;
    let address: string;

    beforeAll(async () => {
      serving = spawn(process.execPath, ['examples/web/serve.js', '0'], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      address = await new Promise((resolve) =>
        serving.stdout!.once('data', (line: Buffer) => resolve(line.toString().trim())),
      );
    });
    afterAll(() => {
      serving?.kill();
    });

    const drop = (page: Page, bytes: Buffer, name: string) =>
      page.evaluate(
        ([bytes, name]) => {
          const dropped = new DataTransfer();
          const content = Uint8Array.from(atob(bytes!), (character) => character.charCodeAt(0));
          dropped.items.add(new File([content], name!));
          document.dispatchEvent(new DragEvent('drop', { dataTransfer: dropped }));
        },
        [bytes.toString('base64'), name],
      );

    test("names a photo that is dropped on it, by the package's network and by another", async () => {
      const example = await browser.newPage();
      await example.goto(address);
      await example.getByText('resnet20 is ready. It knows 10 classes.').waitFor();
      const cat = readFileSync(join(data, 'images/cat/0001.jpg'));
      for (const other of [false, true]) {
        if (other) {
          await example.setInputFiles('#weights', join(data, 'resnet32-d509ac18.th'));
          await example.getByText('resnet32 is ready.').waitFor();
        }
        await drop(example, cat, 'cat.jpg');
        await example.getByText(`${other ? 'resnet32' : 'resnet20'} says:`).waitFor();
        expect(await example.locator('#classes li').allTextContents()).toEqual([
          // Files of akamaster's networks do not say names.
          expect.stringMatching(other ? /^\d+\.\d % class 3$/ : /^\d+\.\d % cat$/),
          ...Array(4).fill(expect.stringMatching(other ? /^\d+\.\d % class \d$/ : /^\d+\.\d % [a-z]+$/)),
        ]);
      }
      await example.close();
    });

    test('says what is wrong, and leaves no answer of another photo next to it', async () => {
      const example = await browser.newPage();
      await example.goto(`${address}/?weights=/nowhere`);
      await example.getByText(/nowhere/).waitFor();
      await drop(example, Buffer.from('text'), 'notes.txt');
      await example.getByText('The network is not loaded yet.').waitFor();

      await example.goto(address);
      await example.getByText('resnet20 is ready.').waitFor();
      await example.setInputFiles('#image', join(data, 'images/cat/0001.jpg'));
      await example.locator('#classes li').first().waitFor();
      await drop(example, Buffer.from('text'), 'notes.txt');
      await example.getByText(/^The image cannot be decoded/).waitFor();
      expect(await example.locator('#classes li').count()).toBe(0);
      expect(await example.locator('#picture').isVisible()).toBe(false);
      // The network is still there.
      await example.setInputFiles('#image', join(data, 'images/ship/0002.jpg'));
      await example.locator('#classes li').first().waitFor();
      await example.close();
    });

    test('the place to drop a photo is one box above the status', async () => {
      const example = await browser.newPage({ viewport: { width: 360, height: 640 } });
      await example.goto(address);
      await example.getByText('resnet20 is ready.').waitFor();
      const [drop, status] = [
        await example.locator('#drop').boundingBox(),
        await example.locator('#status').boundingBox(),
      ];
      expect(status!.y).toBeGreaterThanOrEqual(drop!.y + drop!.height);
      expect(await example.locator('#drop').evaluate((box) => box.getClientRects().length)).toBe(1);
      await example.close();
    });
  });
});
