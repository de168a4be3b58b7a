import type { Classification } from '../../vision/decode-predictions.js';

/** What is written of an image. */
export interface Row {
  /** The image's place in the source, from 0 on. */
  readonly index: number;
  readonly image: string;
  /** The likeliest classes, or none where there is an error. */
  readonly classes?: readonly Classification[];
  readonly features?: Float32Array;
  /** Why the image has no classes. */
  readonly error?: string;
}

/** Writes rows one after the other. */
export interface RowWriter {
  write(row: Row): Promise<void>;
  /** Writes what stands at the end of the file. */
  end(): Promise<void>;
}

/** What rows have. */
export interface RowShape {
  /** Classes of a row. */
  readonly top: number;
  readonly hasFeatures: boolean;
}
