import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../../src/core/errors.js';
import { evaluateCorruptions, report } from '../../../src/robustness/index.js';
import { spreadOver } from '../../../src/robustness/report/harm.js';
import { evaluate } from '../../../src/training/evaluate.js';
import { decodeImage } from '../../../src/vision/decode-image.node.js';
import { tinyData, tinyModel } from '../../training/tiny.js';

beforeAll(() => tf.setBackend('simd'));

/** Names that would end an attribute, an element or the page, or ask for something, where they were put in as they are. */
const hostile = [
  `"><img src=https://example.com/x onerror=alert(1)>`,
  `</title></style><script src='//example.com/y'></script>`,
  `red & 'blue' <!-- \u0000 \ud800 &amp; ${'very '.repeat(30)}long`,
] as const;

function hostileData(count: number) {
  const data = tinyData(count);
  return {
    ...data,
    name: '<b>folder</b>',
    classes: [...hostile],
    paths: Array.from({ length: count }, (_, i) => `${hostile[i % 3]}/${i}.png`),
    image: (i: number) => data.image(i),
  };
}

/** The page without its style sheets and the word at its begin. */
function body(page: string): string {
  return page.replace('<!doctype html>', '').replace(/<style>[\s\S]*?<\/style>/g, '');
}

/** The elements of a page, and what their attributes say. */
function elementsOf(page: string): { name: string; attributes: Record<string, string> }[] {
  const tags = body(page).matchAll(/<([a-z][\w-]*)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*\/?>/gi);
  return Array.from(tags, ([, name, rest]) => ({
    name: name!.toLowerCase(),
    attributes: Object.fromEntries(
      Array.from(rest!.matchAll(/([\w:-]+)="([^"]*)"/g), ([, key, value]) => [key!, value!]),
    ),
  }));
}

const known = new Set(
  (
    'html head meta title body header main nav section h1 h2 p a div small b span i table thead tbody tr th td ul li img svg g rect ' +
    'line text'
  ).split(' '),
);

test('the page asks for nothing, and hostile names stay text', async () => {
  const model = tinyModel();
  const data = hostileData(30);
  const { numTensors } = tf.memory();
  const page = await report(model, data, { images: 4, title: hostile[1] });
  expect(tf.memory().numTensors).toBe(numTensors);

  // Every '<' begins an element of the page, and every element is one that the page means to have.
  const elements = elementsOf(page);
  const closing = body(page).match(/<\/[a-z]\w*>/gi)!.length;
  expect(body(page).split('<').length - 1).toBe(elements.length + closing);
  expect(elements.filter(({ name }) => !known.has(name))).toEqual([]);
  for (const { attributes } of elements) {
    for (const [key, value] of Object.entries(attributes)) {
      expect(key).not.toMatch(/^on|srcset|action|formaction|data$|poster|background$/);
      if (key === 'src') expect(value).toMatch(/^data:image\/png;base64,[A-Za-z0-9+/=]+$/);
      if (key === 'href') expect(value).toMatch(/^#[a-z]+$/);
    }
  }
  expect(page).not.toMatch(/url\(|@import|<script|<link|<iframe|\p{Surrogate}/u);
  expect(page.includes('\u0000')).toBe(false);
  expect(page).toContain("default-src 'none'".replaceAll("'", '&#39;'));
  expect(page).toContain(
    '&lt;/title&gt;&lt;/style&gt;&lt;script src=&#39;//example.com/y&#39;&gt;&lt;/script&gt;',
  );
  expect(page).toContain('&lt;b&gt;folder&lt;/b&gt;');
  model.dispose();
});

test('the numbers are those of evaluate, and the pictures what the network sees', async () => {
  const model = tinyModel();
  const data = tinyData(30);
  const { top1, confusion } = await evaluate(model, data);
  const page = await report(model, data, { images: 3, batchSize: 7 });
  expect(page).toContain(`<b>${(100 * top1).toFixed(1)}\u00a0%</b>`);
  for (const [label, row] of confusion.entries()) {
    for (const [answer, count] of row.entries()) {
      expect(page).toContain(`title="${data.classes[label]!} taken for ${data.classes[answer]!}: ${count}"`);
    }
  }
  const pictures = Array.from(page.matchAll(/src="data:image\/png;base64,([^"]+)" alt="([^"]*)"/g));
  const seen = pictures.find(([, , words]) => !words!.startsWith('where'))!;
  const index = Number(/image (\d+)/.exec(seen[2]!)![1]);
  const decoded = await decodeImage(Buffer.from(seen[1]!, 'base64'));
  expect(Array.from(decoded.data)).toEqual(Array.from((await data.image(index)).data));
  expect(pictures.filter(([, , words]) => words!.startsWith('where')).length).toBe(pictures.length / 2);
  expect(page).not.toMatch(/id="(corruptions|attacks)"/);
  const plain = await report(model, data, { images: 3, explanations: false });
  expect(plain).not.toContain('where the network looks');
  model.dispose();
});

test('corruptions and attacks are shown, of images that are spread over the data', async () => {
  const model = tinyModel();
  const data = tinyData(20);
  const { numTensors } = tf.memory();
  const page = await report(model, data, { images: 0, corruptions: 2, attacks: 4 });
  expect(tf.memory().numTensors).toBe(numTensors);
  const part = spreadOver(data, 2);
  expect(Array.from(part.labels)).toEqual([data.labels[0], data.labels[10]]);
  const { meanError } = await evaluateCorruptions(model, part);
  expect(page).toContain(`${(100 * (1 - meanError)).toFixed(1)}\u00a0% on average`);
  expect(page.match(/class="shaded"/g)).toHaveLength(75);
  const attacks = page.slice(page.indexOf('<section id="attacks">'));
  const shares = Array.from(attacks.matchAll(/ \/ 255<\/th><td>([\d.]+)/g), ([, share]) => Number(share));
  expect(shares).toHaveLength(5);
  shares.forEach((share, i) => expect(share).toBeLessThanOrEqual(shares[i - 1] ?? 100));
  model.dispose();
});

test('wrong input is refused before work starts, and a stop leaves no tensor', async () => {
  const model = tinyModel();
  const data = tinyData(20);
  const { numTensors } = tf.memory();
  await expect(report(model, data, { images: -1 })).rejects.toThrow(
    'images is -1; give an integer of at least 0.',
  );
  await expect(report(model, data, { attacks: 0.5 })).rejects.toThrow('attacks is 0.5');
  await expect(report(model, data, { pictures: 3 } as never)).rejects.toThrow(ArgumentError);
  await expect(report(model, [] as never)).rejects.toThrow(
    'report: the data are an empty array; give a data set',
  );
  await expect(report({ forward() {}, namedVariables() {} } as never, data)).rejects.toThrow(
    'no image classifier',
  );
  const controller = new AbortController();
  const stopped = report(model, data, {
    batchSize: 5,
    signal: controller.signal,
    onProgress: (done) => done === 10 && controller.abort(new Error('enough')),
  });
  await expect(stopped).rejects.toThrow('enough');
  expect(tf.memory().numTensors).toBe(numTensors);
  // Of one image, nothing can be fitted.
  expect(await report(model, tinyData(1))).not.toContain('Prediction sets');
  expect(tf.memory().numTensors).toBe(numTensors);
  model.dispose();
});
