/** What a worker thread of `skipscale train` runs. */
import { serveBatches, type Preprocessing } from '../index.js';
import { fit } from '../training/inputs.js';
import { reopenTrainingData, type WorkerData } from './training-data.js';
import { libraryOptions, type TrainingOptions } from './training-options.js';

export interface WorkerParameters {
  readonly data: WorkerData;
  readonly options: TrainingOptions;
  readonly preprocessing: Preprocessing;
}

serveBatches(async ({ data, options, preprocessing }: WorkerParameters) => {
  const dataset = await reopenTrainingData(data);
  const { augment, mix } = libraryOptions(options, dataset.labels.length, preprocessing.size);
  const { batchSize, seed } = options;
  return { dataset, batchSize, seed, augment, mix, transform: (image) => fit(image, preprocessing) };
});
