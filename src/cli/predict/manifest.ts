import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import packageJson from '../../../package.json' with { type: 'json' };
import { replaceFile } from '../../core/replace-file.js';
import { shownUrl } from '../../core/shown-url.js';
import type { ImageClassifier } from '../../models/image-classifier.js';
import { encode } from '../../weights/encode.js';
import type { Counts, PredictCommandOptions } from './options.js';

/** What a manifest says of the network. */
export interface ModelFacts {
  readonly name: string;
  /** Of the network's file as `encode` writes it: its weights, labels and preprocessing, wherever they came from. */
  readonly sha256: string;
}

/** What identifies a network. */
export async function describeModel(model: ImageClassifier): Promise<ModelFacts> {
  const sha256 = createHash('sha256')
    .update(await encode(model))
    .digest('hex');
  return { name: model.architecture.name, sha256 };
}

/** What was done. */
export interface Done {
  readonly sources: readonly string[];
  readonly options: PredictCommandOptions;
  readonly model: ModelFacts;
  readonly counts: Counts;
  /** Files that are no images. */
  readonly skipped: number;
  readonly seconds: number;
  /** Of the file of rows. */
  readonly sha256: string;
}

/** Writes next to a file of rows how it was made: `rows.jsonl.manifest.json`. */
export async function writeManifest(out: string, done: Done): Promise<void> {
  const { sources, options, model, counts, skipped, seconds, sha256 } = done;
  const { weights, top, features, column, batchSize, shard } = options;
  const manifest = {
    sources: sources.map(shownUrl),
    output: { file: out, sha256, rows: counts.images },
    counts: {
      images: counts.images,
      predicted: counts.images - counts.errors,
      errors: counts.errors,
      skipped,
    },
    model: { ...model, ...(weights !== undefined && { weights: shownUrl(weights) }) },
    options: { top, features, column, batchSize, shard },
    seconds: Number(seconds.toFixed(3)),
    versions: { skipscale: packageJson.version, node: process.versions.node, backend: tf.getBackend() },
  };
  await replaceFile(`${out}.manifest.json`, `${JSON.stringify(manifest, null, 2)}\n`);
}
