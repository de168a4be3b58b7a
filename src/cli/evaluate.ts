import { Command } from 'commander';
import { dataArgument, positiveInteger } from './arguments.js';
import { chartFile } from './chart.js';
import { addDownloadOptions } from './download-options.js';
import type { EvaluateOptions } from './evaluate-model.js';
import {
  addPartOptions,
  addShapeOptions,
  classesOption,
  conventionOption,
  labelsOption,
  MODEL_NAMES,
} from './model-options.js';

/** `skipscale evaluate DATA [--weights FILE] [--model NAME]` */
export function evaluateCommand(): Command {
  const command = new Command('evaluate')
    .description('Say how well a network classifies a data set.')
    .argument('[data]', 'a folder or tar archive with one folder a class; files of CIFAR or MNIST')
    .option('--data <path>', 'the same, for older commands')
    .option(
      '--weights <file>',
      "a folder that train wrote, or what classify takes (default: the package's for CIFAR-10)",
    )
    .option('--model <name>', `${MODEL_NAMES} (default: what the weights are of)`)
    .addOption(conventionOption("the weights' or the model's"))
    .addOption(classesOption())
    .addOption(labelsOption())
    .option('--batch-size <n>', 'images that go through the network together', positiveInteger, 128)
    .option('--skip-broken', 'leave out images that cannot be decoded')
    .option('--json', 'print JSON')
    .option('--plot <file>', 'draw confusion and calibration as SVG or PNG; takes echarts', chartFile)
    .action(async (data: string | undefined, options: Omit<EvaluateOptions, 'data'> & { data?: string }) => {
      const { evaluateModel } = await import('./evaluate-model.js');
      await evaluateModel({ ...options, data: dataArgument(data, options.data, 'evaluate') });
    });
  return addDownloadOptions(addShapeOptions(addPartOptions(command)));
}
