import { encodeBase64 } from '../../core/base64.js';
import { encodePng } from '../../vision/encode-png.js';
import type { RgbImage } from '../../vision/image.js';
import { resize } from '../../vision/resize.js';
import { markup, type Markup } from '../../core/markup.js';
import type { ReportFacts, ReportImage } from './facts.js';
import { percent } from './format.js';
import type { Section } from './section.js';

/** Pictures are made no larger than this, in pixels, so that the page stays small. */
const SIDE = 160;

/** Below this side, pixels are shown as squares. */
const FEW_PIXELS = 96;

/** The lists of images. */
export async function gallerySections({
  classes,
  worst,
  doubtful,
  labelErrors,
}: ReportFacts): Promise<Section[]> {
  const sections = [
    await section('worst', 'Wrong and sure', worst, classes, 'Wrong answers, the surest first.'),
    await section(
      'doubtful',
      'In doubt',
      doubtful,
      classes,
      'Images whose two likeliest classes are nearest to each other.',
    ),
    await section(
      'labels',
      'Labels that are likely wrong',
      labelErrors.shown,
      classes,
      `Confident learning finds ${labelErrors.count} labels that the network contradicts more surely than it usually does; the likeliest errors come first. Look at them before you change any: the network may be wrong.`,
    ),
  ];
  return sections.flat();
}

async function section(
  id: string,
  heading: string,
  images: readonly ReportImage[],
  classes: readonly string[],
  words: string,
): Promise<Section[]> {
  if (images.length === 0) return [];
  const hasHeat = images.some(({ heat }) => heat !== undefined);
  const items: Markup[] = [];
  for (const image of images) items.push(await item(image, classes));
  const legend = hasHeat
    ? ' The second picture shows where the network looks for its answer (Grad-CAM): the brighter, the more.'
    : '';
  return [
    {
      id,
      heading,
      content: markup`<p>${words}${legend}</p>
<ul class="gallery">${items}</ul>`,
    },
  ];
}

async function item(image: ReportImage, classes: readonly string[]): Promise<Markup> {
  const { label, answers, labelProbability, name, index } = image;
  const said = `${classes[label]!}, image ${index}`;
  const pictures = [
    await picture(image.image, said),
    ...(image.heat ? [await picture(image.heat, `where the network looks: ${said}`)] : []),
  ];
  const lines = answers.map(
    ({ index: c, probability }) =>
      markup`<div class="${c === label ? 'right' : 'wrong'}">${classes[c]!} <small>${percent(probability)}</small></div>`,
  );
  const isAmong = answers.some(({ index: c }) => c === label);
  return markup`<li><div class="pictures">${pictures}</div>
<div>label <b>${classes[label]!}</b>${isAmong ? '' : markup` <small>${percent(labelProbability)}</small>`}</div>
${lines}<div><small>${name ?? `image ${index}`}</small></div></li>
`;
}

async function picture(image: RgbImage, words: string): Promise<Markup> {
  const scale = Math.min(1, SIDE / Math.max(image.width, image.height));
  const side = (length: number) => Math.max(1, Math.round(length * scale));
  const small = scale < 1 ? resize(image, side(image.height), side(image.width), 'bilinear') : image;
  const source = `data:image/png;base64,${encodeBase64(await encodePng(small))}`;
  const isFew = Math.max(small.width, small.height) < FEW_PIXELS;
  return markup`<img src="${source}" alt="${words}" width="${small.width}" height="${small.height}"${isFew ? markup` class="pixels"` : ''}>`;
}
