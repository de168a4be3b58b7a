import { split, type Dataset } from '../index.js';
import { openDataset } from './open-dataset.js';

/** The options of the command that say what to train on. */
export interface DataOptions {
  data: string;
  validation: string;
  seed: number;
}

/** The data to train on, and the share of it that is left for validation, where the options give a share. */
export async function openTrainingData({
  data,
  validation,
  seed,
}: DataOptions): Promise<{ training: Dataset; validation?: Dataset; inMemory: boolean }> {
  const dataset = await openDataset(data, 'train');
  const { inMemory } = dataset;
  const share = Number(validation);
  if (Number.isNaN(share)) return { training: dataset, inMemory };
  const parts = split(dataset, { validation: share, seed });
  return { training: parts.train, validation: parts.validation, inMemory };
}

/** The data to train on, and those to validate with: a share of the same, or others. */
export async function openData(
  options: DataOptions,
): Promise<{ training: Dataset; validation: Dataset; inMemory: boolean }> {
  const { training, validation, inMemory } = await openTrainingData(options);
  if (validation) return { training, validation, inMemory };
  const other = await openDataset(options.validation, 'test');
  if (other.classes.join('\n') !== training.classes.join('\n')) {
    throw new Error(
      `${options.validation} has the classes ${other.classes.join(', ')}, and ${options.data} ` +
        `${training.classes.join(', ')}; give data of the same classes.`,
    );
  }
  return { training, validation: other, inMemory };
}
