import '#backends';
import { basename, extname, join } from 'node:path';
import { makeFolder } from '../core/make-folder.js';
import { replaceFile } from '../core/replace-file.js';
import {
  explain,
  explanationMethods,
  type ExplainMethodOptions,
  type ExplanationMethod,
} from '../explain/explain.js';
import type { Explanation } from '../explain/explanation.js';
import { heatMap } from '../explain/heat-map.js';
import { explanationPage } from '../explain/page.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import { encodePng } from '../vision/encode-png.js';
import { checkOutFolder } from './check-out.js';
import { readLabels } from './class-names.js';
import { imageArguments, type NamedImage } from './image-arguments.js';
import { embeddedName, loadModel, type WeightsOptions } from './load-model.js';
import { withProgressBar } from './progress-bar.js';

/** The options of `skipscale explain`. */
export interface ExplainImagesOptions extends Omit<WeightsOptions, 'weights'> {
  method: string;
  out: string;
  target?: string;
  layer?: string;
  samples?: number;
  seed: number;
  weights?: string;
  labels?: string;
}

/** Explanations of an image. */
interface Row {
  readonly image: string;
  readonly explanations: readonly Explanation[];
}

const cams: readonly ExplanationMethod[] = ['gradCam', 'gradCamPlusPlus', 'layerCam', 'scoreCam'];
const sampled: readonly ExplanationMethod[] = ['smoothGrad', 'gradientShap', 'lime', 'kernelShap', 'rise'];

/** Writes pictures of why the network gives each image its class. */
export async function explainImages(args: readonly string[], options: ExplainImagesOptions): Promise<void> {
  const methods = methodsOf(options.method);
  checkUsed('layer', options.layer, methods, cams);
  checkUsed('samples', options.samples, methods, sampled);
  const found = await imageArguments(args);
  const images = found.filter((image): image is NamedImage => 'source' in image);
  for (const image of found) if ('error' in image) console.error(`skipscale: ${image.error}`);
  if (images.length < found.length) process.exitCode = 1;
  if (images.length === 0) return;
  await checkOut(options.out, images.length * methods.length);
  const labels = options.labels === undefined ? undefined : await readLabels(options.labels);
  const weights = options.weights ?? embeddedName(options.model);
  const model = await loadModel({ ...options, weights }, labels?.length);
  try {
    if (labels) model.labels = labels;
    const rows = await withProgressBar(images.length, (onProgress) =>
      rowsOf(model, images, methods, options, onProgress),
    );
    if (rows.length < images.length) process.exitCode = 1;
    if (rows.length > 0) await write(options.out, rows);
  } finally {
    model.dispose();
  }
}

async function rowsOf(
  model: ImageClassifier,
  images: readonly NamedImage[],
  methods: readonly ExplanationMethod[],
  options: ExplainImagesOptions,
  onProgress: (done: number) => void,
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [i, { image, source }] of images.entries()) {
    const explanations: Explanation[] = [];
    try {
      for (const method of methods)
        explanations.push(...(await explain(model, source, settingsOf(method, options))));
      rows.push({ image, explanations });
      console.log(`${image}: ${namesOf(explanations).join(', ')}`);
    } catch (error) {
      if (images.length === 1) throw error;
      console.error(`skipscale: ${image}: ${(error as Error).message}`);
    }
    onProgress(i + 1);
  }
  return rows;
}

/** The classes that are explained, each once. */
function namesOf(explanations: readonly Explanation[]): string[] {
  return [...new Set(explanations.map(({ label, target }) => label ?? `class ${target}`))];
}

function settingsOf(
  method: ExplanationMethod,
  { target, layer, samples, seed }: ExplainImagesOptions,
): ExplainMethodOptions {
  const number = target !== undefined && /^\d+$/.test(target) ? Number(target) : target;
  const settings = { method, target: number };
  if (cams.includes(method)) return { ...settings, layer } as ExplainMethodOptions;
  return (sampled.includes(method) ? { ...settings, samples, seed } : settings) as ExplainMethodOptions;
}

/** @throws Error where an option is given and none of the methods takes it. */
function checkUsed(
  name: string,
  value: unknown,
  methods: readonly ExplanationMethod[],
  taking: readonly ExplanationMethod[],
): void {
  if (value === undefined || methods.some((method) => taking.includes(method))) return;
  throw new Error(`--${name} is for ${taking.map(dashed).join(', ')}; leave it out of the other methods.`);
}

/** Names of the command line, such as grad-cam. */
function methodsOf(text: string): readonly ExplanationMethod[] {
  if (text === 'all') return explanationMethods;
  return text.split(',').map((name) => {
    const found = explanationMethods.find((method) => dashed(method) === name.trim());
    if (found) return found;
    throw new Error(
      `--method ${name} is not known; give ${explanationMethods.map(dashed).join(', ')}, or all.`,
    );
  });
}

function dashed(method: string): string {
  return method.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** @throws Error where so many pictures do not go into the file, or it cannot be written. */
async function checkOut(out: string, pictures: number): Promise<void> {
  const kind = extname(out).toLowerCase();
  if (!['.html', '.png', ''].includes(kind))
    throw new Error(`--out ${out} is no .html or .png file, and no folder; name one of these.`);
  if (kind === '.png' && pictures > 1)
    throw new Error(
      `--out ${out} takes one picture, and there are ${pictures}; give a .html file or a folder.`,
    );
  if (kind === '') await makeFolder(out);
  else await checkOutFolder(out);
}

async function write(out: string, rows: readonly Row[]): Promise<void> {
  const kind = extname(out).toLowerCase();
  if (kind === '.html') {
    const names = rows.map(({ image }) => image);
    const page = await explanationPage(
      rows.map(({ explanations }) => explanations),
      { names },
    );
    await replaceFile(out, page);
  } else if (kind === '.png') await replaceFile(out, await encodePng(heatMap(rows[0]!.explanations[0]!)));
  else {
    for (const [i, { image, explanations }] of rows.entries()) {
      const name = image === '-' || /^data:/.test(image) ? 'image' : basename(image, extname(image));
      const isTaken = rows.some((other, j) => j < i && basename(other.image, extname(other.image)) === name);
      for (const explanation of explanations) {
        const file = `${name}${isTaken ? `-${i + 1}` : ''}-${dashed(explanation.method)}.png`;
        await replaceFile(join(out, file), await encodePng(heatMap(explanation)));
      }
    }
  }
  console.log(`Written to ${out}.`);
}
