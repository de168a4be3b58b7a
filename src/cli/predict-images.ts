import '#backends';
import { createHash } from 'node:crypto';
import { replaceFileBy, type PartialFile } from '../core/replace-file.js';
import type { ImageClassifier } from '../models/image-classifier.js';
import type { SkippedFile } from '../training/data/skipped.js';
import { predictPrepared } from '../vision/predict-stream.js';
import { preparedSquare } from '../vision/preprocess.js';
import { withNamedModel } from './load-model.js';
import { describeModel, writeManifest, type ModelFacts } from './predict/manifest.js';
import type { Counts, PredictCommandOptions, Shard } from './predict/options.js';
import { parquetRows } from './predict/parquet-rows.js';
import { PredictProgress } from './predict/predict-progress.js';
import { PreparePool } from './predict/prepare-pool.js';
import type { Row, RowShape, RowWriter } from './predict/row.js';
import type { SourceImage } from './predict/source-image.js';
import { sourceImages } from './predict/sources.js';
import { commaSeparated, jsonLines } from './predict/text-rows.js';
import { SkippedFiles } from './predict/skipped-files.js';

/** Writes what images show into a file, and a manifest next to it. */
export async function predictImages(
  sources: readonly string[],
  options: PredictCommandOptions,
): Promise<void> {
  await withNamedModel(options, async (model) => {
    const facts = await describeModel(model);
    await predictAll(model.fuse(), facts, sources, options);
  });
}

async function predictAll(
  model: ImageClassifier,
  facts: ModelFacts,
  sources: readonly string[],
  options: PredictCommandOptions,
): Promise<void> {
  const skipped = new SkippedFiles();
  const progress = new PredictProgress();
  const out = placeOf(options.out, options.shard);
  const onSkip = (file: SkippedFile) => skipped.add(file);
  const images = chosen(sourceImages(sources, { ...options, onSkip }), options);
  const top = Math.min(options.top, model.classes ?? 0);
  const pool =
    options.workers > 0
      ? new PreparePool(new URL('./prepare-worker.js', import.meta.url), options.workers, model.preprocessing)
      : undefined;
  try {
    const written = await replaceFileBy(out, async (file) => {
      const summed = summedFile(file);
      const writer = await writerOf(out, summed, { top, hasFeatures: options.features !== undefined });
      const counts = await writeRows(model, images, pool, writer, progress, { ...options, top });
      if (counts.images === 0 && !options.shard) {
        throw new Error(`There are no images in ${sources.join(', ')}${skipped.inWords(', but ')}.`);
      }
      return { counts, sha256: summed.sha256() };
    });
    progress.end();
    if (skipped.count > 0) console.error(`skipscale: ${skipped.count} skipped${skipped.inWords(': ')}`);
    await writeManifest(out, {
      sources,
      options,
      model: facts,
      seconds: progress.seconds,
      skipped: skipped.count,
      ...written,
    });
    report(out, written.counts, progress.seconds);
  } finally {
    progress.end();
    await pool?.close();
  }
}

/** The name of a part's file: `rows-00002-of-00008.jsonl`. */
function placeOf(out: string, shard: Shard | undefined): string {
  if (!shard) return out;
  const [index, count] = [shard.index, shard.count].map((number) => String(number).padStart(5, '0'));
  return out.replace(/(\.\w+)$/, `-${index}-of-${count}$1`);
}

/** An image of a source with its place there. */
interface PlacedImage extends SourceImage {
  readonly place: number;
}

/**
 * The images of a part: every n-th batch of the source. So batches are the same however many parts there are, and results too,
 * bit for bit.
 */
async function* chosen(
  images: AsyncIterable<SourceImage>,
  { shard, batchSize }: PredictCommandOptions,
): AsyncGenerator<PlacedImage> {
  let place = 0;
  for await (const image of images) {
    const batch = Math.floor(place / batchSize);
    if (!shard || batch % shard.count === shard.index) yield { ...image, place };
    else image.skip?.();
    place++;
  }
}

async function writeRows(
  model: ImageClassifier,
  images: AsyncIterable<PlacedImage>,
  pool: PreparePool | undefined,
  writer: RowWriter,
  progress: PredictProgress,
  { top, features, batchSize }: PredictCommandOptions,
): Promise<Counts> {
  const counts = { images: 0, errors: 0 };
  const prepare = async ({ read }: PlacedImage) => {
    const source = await read();
    return pool ? pool.prepare(source) : preparedSquare(source, model.preprocessing);
  };
  const settings = { ...(model.classes !== undefined && { top }), features, batchSize, signal: pool?.failed };
  for await (const { item, classes, features, error } of predictPrepared(model, images, prepare, settings)) {
    const { place: index, image } = item;
    const row: Row = error
      ? { index, image, error: reasonOf(error, image) }
      : { index, image, classes, ...(features && { features }) };
    await writer.write(row);
    counts.images++;
    if (error) counts.errors++;
    progress.update(item.progress, counts.images);
  }
  await writer.end();
  return counts;
}

/** Why an image has no classes, in one line. */
function reasonOf({ message }: Error, image: string): string {
  return message.replace(/\s*\n\s*/g, '; ').replace(/^The image(?= )/, image);
}

async function writerOf(out: string, file: PartialFile, shape: RowShape): Promise<RowWriter> {
  if (/\.parquet$/i.test(out)) return parquetRows(file, shape);
  return /\.csv$/i.test(out) ? commaSeparated(file, shape) : jsonLines(file);
}

/** A file, and the SHA-256 of what is written to it. */
function summedFile(file: PartialFile): PartialFile & { sha256(): string } {
  const hash = createHash('sha256');
  return {
    write: async (bytes) => {
      hash.update(bytes);
      await file.write(bytes);
    },
    sha256: () => hash.digest('hex'),
  };
}

/** Says how it went; where no image could be read, the exit code is 1. */
function report(out: string, { images, errors }: Counts, seconds: number): void {
  const speed = images > 0 ? `, ${(images / seconds).toFixed(1)} images/s` : '';
  console.log(`${out}: ${images} images, ${errors} of them with errors${speed}`);
  if (images > 0 && errors === images) process.exitCode = 1;
}
