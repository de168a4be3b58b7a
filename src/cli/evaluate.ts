import { Command } from 'commander';
import {
  buildModel,
  evaluate,
  loadWeights,
  modelNames,
  type ConventionName,
  type Evaluation,
} from '../index.js';
import { positiveInteger } from './arguments.js';
import { openDataset } from './open-dataset.js';

interface EvaluateOptions {
  data: string;
  model: string;
  weights: string;
  convention?: ConventionName;
  size?: number;
  batchSize: number;
  json?: boolean;
}

/** `skipscale evaluate --data DIR --model NAME --weights FILE` */
export function evaluateCommand(): Command {
  return new Command('evaluate')
    .description('Say how well a network classifies a data set.')
    .requiredOption('--data <path>', 'a folder or tar archive with one folder a class; CIFAR or MNIST files')
    .requiredOption('--model <name>', `one of ${modelNames.join(', ')}`)
    .requiredOption('--weights <file>', 'such as model.safetensors of a training')
    .option('--convention <name>', "whose padding and preprocessing (default: the model's)")
    .option('--size <pixels>', 'side of the images', positiveInteger)
    .option('--batch-size <n>', 'images that go through the network together', positiveInteger, 128)
    .option('--json', 'print JSON')
    .action(async ({ model: name, weights, convention, size, batchSize, ...options }: EvaluateOptions) => {
      const data = await openDataset(options.data, 'test');
      const model = buildModel(name, { initialize: false, classes: data.classes.length, convention });
      try {
        await loadWeights(model, weights);
        model.fuse();
        const evaluation = await evaluate(model, data, { size, batchSize });
        console.log(
          options.json
            ? JSON.stringify({ classes: data.classes, ...evaluation }, null, 2)
            : formatEvaluation(evaluation, data.classes),
        );
      } finally {
        model.dispose();
      }
    });
}

/** An evaluation as text: the numbers, then a row a class with its share of right answers and its commonest mistake. */
export function formatEvaluation(evaluation: Evaluation, classes: readonly string[]): string {
  const { images, top1, top5, loss, calibrationError, perClass, confusion } = evaluation;
  const width = Math.max(...classes.map((name) => name.length));
  const rows = classes.map((name, label) => {
    const mistakes = confusion[label]!.map((count, other) => (other === label ? 0 : count));
    const most = Math.max(...mistakes);
    const mistake = most > 0 ? `  ${most} as ${classes[mistakes.indexOf(most)]}` : '';
    return `  ${name.padEnd(width)}  ${percent(perClass[label]!)}${mistake}`;
  });
  return [
    `${images} images`,
    `top-1 ${percent(top1)}, top-5 ${percent(top5)}, cross-entropy ${loss.toFixed(4)}, ` +
      `calibration error ${percent(calibrationError)}`,
    ...rows,
  ].join('\n');
}

/** A share in per cent. */
export function percent(share: number): string {
  return Number.isNaN(share) ? '    – %' : `${(100 * share).toFixed(2).padStart(5)} %`;
}
