import { readFileSync } from 'node:fs';
import { chromium, type Browser, type Response } from 'playwright-core';

const quiet = ['background-networking', 'component-update', 'sync', 'gpu', 'quic'];

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--no-first-run', ...quiet.map((what) => `--disable-${what}`)],
  });

/** What a page showed and loaded. */
export interface Visit {
  text: string;
  /** Errors and warnings of the console, errors that nothing caught, and requests that failed. */
  complaints: string[];
  /** The bodies of JavaScript. */
  scripts: Buffer[];
  /** Whether anything that was loaded has the weights in it. */
  weights: boolean;
}

// Some bytes in the weights' middle, as they are and as base64 has them, wherever the text begins.
const weights = readFileSync('weights/resnet20-cifar10.safetensors').subarray(300_000, 300_060);
const needles = [
  weights,
  ...[0, 1, 2].map((begin) => Buffer.from(weights.subarray(begin, begin + 48).toString('base64'))),
];

/** Opens a page in a browser without a cache, until it shows `expected` or fails. */
export async function visit(browser: Browser, url: string, expected: string): Promise<Visit> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const complaints: string[] = [];
  const responses = new Map<string, Response>();
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('requestfailed', (request) =>
    complaints.push(`request: ${request.url()} ${request.failure()!.errorText}`),
  );
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`request: ${response.url()} ${response.status()}`);
    responses.set(response.url(), response);
  });
  try {
    // Next's server builds a page when it is asked for.
    await page.goto(url, { timeout: 120_000 });
    const read = () => page.evaluate(() => document.body?.innerText.trim() ?? '').catch(() => '');
    const until = Date.now() + 60_000;
    let text = await read();
    // One more second where something went wrong: it may show more of it.
    for (let left = 10; text !== expected && left > 0 && Date.now() < until; text = await read()) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      if (complaints.length > 0) left--;
    }
    await page.waitForLoadState('networkidle');
    const loaded = await Promise.all(
      [...responses.values()].map(async (response) => ({
        isScript: /javascript/.test(response.headers()['content-type'] ?? ''),
        // A redirection has none.
        body: await response.body().catch(() => Buffer.alloc(0)),
      })),
    );
    return {
      text,
      complaints,
      scripts: loaded.filter(({ isScript }) => isScript).map(({ body }) => body),
      weights: loaded.some(({ body }) => needles.some((needle) => body.includes(needle))),
    };
  } finally {
    await context.close();
  }
}
