import { encodeBase64 } from '../core/base64.js';
import { check, checkOptions } from '../core/errors.js';
import { escaped } from '../core/markup.js';
import { encodePng } from '../vision/encode-png.js';
import type { RgbImage } from '../vision/image.js';
import type { Explanation } from './explanation.js';
import { heatMap } from './heat-map.js';

/** Options of {@link explanationPage}. */
export interface ExplanationPageOptions {
  /** Default `Explanations`. */
  readonly title?: string;
  /** Names of the images, by the place of their row. Default none. */
  readonly names?: readonly string[];
}

/**
 * Explanations side by side as a page of HTML in one file, which loads nothing: a row an image, with all that explain it.
 * @param rows - For each image its explanations.
 * @throws ArgumentError where there is none.
 */
export async function explanationPage(
  rows: readonly (readonly Explanation[])[],
  options: ExplanationPageOptions = {},
): Promise<string> {
  checkOptions('explanationPage', options, { title: true, names: true });
  check(
    Array.isArray(rows) && rows.length > 0 && rows.every((row) => Array.isArray(row) && row.length > 0),
    () => 'explanationPage: there is nothing to show; give a list of explanations for each image.',
  );
  const { title = 'Explanations', names = [] } = options;
  const sections: string[] = [];
  for (const [i, row] of rows.entries()) {
    const figures = row[0]!.image ? [await figure(row[0]!.image, 'what the network sees')] : [];
    for (const explanation of row)
      figures.push(await figure(heatMap(explanation), ...captionsOf(explanation)));
    const heading = names[i] === undefined ? '' : `<h2>${escaped(names[i])}</h2>`;
    sections.push(`<section>${heading}<div>${figures.join('')}</div></section>`);
  }
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title>
<meta name="viewport" content="width=device-width"><style>${style}</style><h1>${escaped(title)}</h1>
<p>Light places speak for the class. Where a map has colours on both sides, red speaks for it and blue against it.</p>
${sections.join('\n')}</html>\n`;
}

const style =
  ':root{color-scheme:light dark}body{font:15px/1.4 system-ui,sans-serif;margin:2rem}h2{font-size:1.1rem;overflow-wrap:anywhere}' +
  'section div{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;break-inside:avoid}img{display:block;height:256px;' +
  'image-rendering:auto}figcaption{max-width:340px}small{opacity:.75}';

function captionsOf({ method, label, target, score, sum, expectedSum, settings }: Explanation) {
  const kind = settings.output === 'probability' ? 'probability' : 'logit';
  const said = [`${label ?? `class ${target}`}, ${kind} ${score.toPrecision(3)}`];
  if (expectedSum !== undefined) said.push(`sums to ${sum.toPrecision(3)} of ${expectedSum.toPrecision(3)}`);
  return [method, said.join('; ')] as const;
}

async function figure(image: RgbImage, caption: string, small = ''): Promise<string> {
  const png = encodeBase64(await encodePng(image));
  const more = small && `<br><small>${escaped(small)}</small>`;
  return `<figure><img alt="${escaped(caption)}" src="data:image/png;base64,${png}"><figcaption>${escaped(caption)}${more}</figcaption></figure>`;
}
