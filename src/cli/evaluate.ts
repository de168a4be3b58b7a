import { Command } from 'commander';
import { evaluate, modelNames } from '../index.js';
import { positiveInteger } from './arguments.js';
import { chartFile, writeChart } from './chart.js';
import { evaluationChart } from './evaluation-chart.js';
import { formatEvaluation } from './format-evaluation.js';
import { loadModel, type WeightsOptions } from './load-model.js';
import { addShapeOptions } from './model-options.js';
import { openDataset } from './open-dataset.js';

interface EvaluateOptions extends WeightsOptions {
  data: string;
  batchSize: number;
  json?: boolean;
  plot?: string;
}

/** `skipscale evaluate --data DIR --weights FILE [--model NAME]` */
export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('Say how well a network classifies a data set.')
    .requiredOption('--data <path>', 'a folder or tar archive with one folder a class; CIFAR or MNIST files')
    .requiredOption('--weights <file>', 'such as model.safetensors of a training')
    .option('--model <name>', `one of ${modelNames.join(', ')} (default: what the weights are of)`)
    .option('--convention <name>', "whose padding and preprocessing (default: the weights' or the model's)")
    .option('--batch-size <n>', 'images that go through the network together', positiveInteger, 128)
    .option('--json', 'print JSON')
    .option('--plot <file>', 'draw confusion and calibration as SVG or PNG; takes echarts', chartFile)
    .action(async (options: EvaluateOptions) => {
      const { size, batchSize } = options;
      const data = await openDataset(options.data, 'test');
      const model = await loadModel(options, data.classes.length);
      try {
        model.fuse();
        const evaluation = await evaluate(model, data, { size, batchSize });
        console.log(
          options.json
            ? JSON.stringify({ classes: data.classes, ...evaluation }, null, 2)
            : formatEvaluation(evaluation, data.classes),
        );
        if (options.plot !== undefined) {
          const { option, size } = evaluationChart(evaluation, data.classes);
          await writeChart(options.plot, option, size);
        }
      } finally {
        model.dispose();
      }
    });
  return addShapeOptions(command);
}
