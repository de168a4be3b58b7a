import { readFile } from '#read-file';
import { cifar10Labels } from '../models/labels/cifar10.js';
import { imageNetLabels } from '../models/labels/imagenet.js';

/** The names of classes that `--labels` says: those of a data set, or the lines of a text file. */
export async function readLabels(given: string): Promise<readonly string[]> {
  if (given === 'cifar10') return cifar10Labels;
  if (given === 'imagenet') return imageNetLabels;
  const text = new TextDecoder().decode(await readFile(given));
  const labels = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  if (labels.length === 0) throw new Error(`${given} holds no labels; give a file with a class name a line.`);
  return labels;
}
