import type { LabelledLogits } from '../../../src/training/collect-logits.js';
import { readGolden, ruleFloats } from '../../helpers/golden.js';

/** What test/golden/calibration.py wrote. */
export interface CalibrationGolden {
  readonly classes: number;
  readonly logitScale: number;
  readonly labels: number[];
  readonly plain: Record<string, Record<string, number>>;
  readonly scaled: Record<string, Record<string, number>>;
  readonly scaling: {
    readonly factor: number;
    readonly netcalTemperature: number;
    readonly vector: { readonly scale: number[]; readonly bias: number[]; readonly loss: number };
  };
}

export const golden = readGolden<CalibrationGolden>('calibration.json');

/** The logits and labels of the script. */
export function goldenLogits(): LabelledLogits {
  const { classes, logitScale, labels } = golden;
  const values = ruleFloats('logits', labels.length * classes, logitScale);
  return { logits: labels.map((_, i) => values.subarray(i * classes, (i + 1) * classes)), labels };
}
