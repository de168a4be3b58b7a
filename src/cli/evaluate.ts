import { Command } from 'commander';
import { check } from '../core/errors.js';
import { dataArgument, positiveInteger } from './arguments.js';
import { chartFile } from './chart.js';
import { addDownloadOptions } from './download-options.js';
import type { CorruptionOptions } from './evaluate-corruptions.js';
import type { EvaluateOptions } from './evaluate-model.js';
import {
  addPartOptions,
  addShapeOptions,
  classesOption,
  conventionOption,
  labelsOption,
  MODEL_NAMES,
} from './model-options.js';

type Options = Omit<EvaluateOptions, 'data'> &
  Partial<Pick<CorruptionOptions, 'data' | 'corruptions' | 'baseline'>>;

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
    .option(
      '--corruptions [list]',
      'measure with corruptions of ImageNet-C: common (default), all, or names such as fog,snow',
    )
    .option(
      '--baseline <file>',
      'compare --corruptions with alexnet, or with what --json printed of another network',
    )
    .option('--json', 'print JSON')
    .option('--plot <file>', 'draw confusion and calibration as SVG or PNG; takes echarts', chartFile)
    .action(async (data: string | undefined, options: Options) => {
      const given = { ...options, data: dataArgument(data, options.data, 'evaluate') };
      const { corruptions } = options;
      if (corruptions === undefined) {
        check(options.baseline === undefined, () => '--baseline is of --corruptions; give both, or neither.');
        const { evaluateModel } = await import('./evaluate-model.js');
        return evaluateModel(given);
      }
      check(options.plot === undefined, () => '--plot draws no corruptions; leave it out, or use --json.');
      const { evaluateWithCorruptions } = await import('./evaluate-corruptions.js');
      return evaluateWithCorruptions({ ...given, corruptions });
    });
  return addDownloadOptions(addShapeOptions(addPartOptions(command)));
}
