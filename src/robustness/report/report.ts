import type { ImageClassifier } from '../../models/image-classifier.js';
import type { Dataset } from '../../training/data/dataset.js';
import { gatherFacts, type ReportOptions } from './gather.js';
import { reportPage } from './page.js';

/**
 * Judges a network by labelled images, and writes down what there is to know as one page of HTML: right answers with confidence
 * intervals, the classes and their confusion, calibration, prediction sets, the surest mistakes, the most doubtful images, and
 * labels that are likely wrong. The page has all in it, scripts apart, of which it has none; it asks for nothing from anywhere, follows the
 * reader's colour scheme, and can be printed.
 * @param data - Images that the network was not trained on.
 * @returns the text of the page.
 * @throws ArgumentError and Error as `evaluate`.
 */
export async function report(
  model: ImageClassifier,
  data: Dataset,
  options: ReportOptions = {},
): Promise<string> {
  return reportPage(await gatherFacts(model, data, options));
}
