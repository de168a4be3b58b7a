import type { Evaluation } from '../../training/metrics.js';
import type { RgbImage } from '../../vision/image.js';
import type { Calibration } from '../calibration/measure-calibration.js';
import type { SetQuality } from '../conformal.js';
import type { CorruptionEvaluation } from '../corruptions/evaluate-corruptions.js';
import type { LabelError } from '../label-errors.js';

/** What a report shows of an image. */
export interface ReportImage {
  /** What the image is called, where it has a name. */
  readonly name: string | undefined;
  /** Its place in the data. */
  readonly index: number;
  readonly label: number;
  /** The likeliest class and the next one, with their probabilities. */
  readonly answers: readonly { readonly index: number; readonly probability: number }[];
  /** The probability of its label. */
  readonly labelProbability: number;
  /** What the network sees of it. */
  readonly image: RgbImage;
  /** Where the network looks for its answer; undefined without explanations. */
  readonly heat: RgbImage | undefined;
}

/** Calibration with one temperature, fitted on the images at even places and measured on the others. */
export interface TemperatureCheck {
  readonly temperature: number;
  readonly before: Calibration;
  readonly after: Calibration;
}

/** Prediction sets, fitted on the images at even places and measured on the others. */
export interface SetCheck extends SetQuality {
  readonly method: string;
  /** The share of sets that should hold the right class. */
  readonly wanted: number;
}

/** How well the network classifies corrupted images. */
export interface CorruptionCheck extends Pick<
  CorruptionEvaluation,
  'cleanError' | 'bySeverity' | 'errors' | 'meanError'
> {
  /** Number of images. */
  readonly images: number;
}

/** How well the network classifies attacked images. */
export interface AttackCheck {
  /** Number of images. */
  readonly images: number;
  /** The share of right answers by how far each value may be changed, where values are from 0 to 255. */
  readonly accuracies: readonly { readonly radius: number; readonly accuracy: number }[];
}

/** All that a report says. */
export interface ReportFacts {
  readonly title: string;
  /** What the network and the data are called. */
  readonly model: string;
  readonly data: string;
  /** Parameters of the network. */
  readonly parameters: number;
  readonly classes: readonly string[];
  readonly evaluation: Evaluation;
  readonly calibration: Calibration;
  /** Undefined where no temperature is best. */
  readonly temperature: TemperatureCheck | undefined;
  readonly sets: readonly SetCheck[];
  /** Undefined where it was not asked for. */
  readonly corruptions: CorruptionCheck | undefined;
  /** Undefined where it was not asked for. */
  readonly attacks: AttackCheck | undefined;
  /** Wrong answers, the surest first. */
  readonly worst: readonly ReportImage[];
  /** Images whose two likeliest classes are nearest, the nearest first. */
  readonly doubtful: readonly ReportImage[];
  /** How many labels are likely wrong, and the likeliest of them. */
  readonly labelErrors: { readonly count: number; readonly shown: readonly (ReportImage & LabelError)[] };
}
