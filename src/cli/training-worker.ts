/** What a worker thread of `skipscale train` runs. */
import { serveBatches, type Preprocessing } from '../index.js';
import { fit } from '../training/inputs.js';
import { openTrainingData, type DataOptions } from './training-data.js';
import { libraryOptions, type TrainingOptions } from './training-options.js';

export interface WorkerParameters {
  readonly options: DataOptions & TrainingOptions;
  readonly preprocessing: Preprocessing;
}

serveBatches(async ({ options, preprocessing }: WorkerParameters) => {
  const { training: dataset } = await openTrainingData(options);
  const { augment, mix } = libraryOptions(options, dataset.labels.length, preprocessing.size);
  const { batchSize, seed } = options;
  return { dataset, batchSize, seed, augment, mix, transform: (image) => fit(image, preprocessing) };
});
