import { Command } from 'commander';
import { check } from '../core/errors.js';
import { dataArgument } from './arguments.js';
import { chartFile } from './chart.js';
import { addDownloadOptions } from './download-options.js';
import type { CorruptionOptions } from './evaluate-corruptions.js';
import type { EvaluateOptions } from './evaluate-model.js';
import { addEvaluationOptions, addPartOptions, addShapeOptions } from './model-options.js';

type Options = Omit<EvaluateOptions, 'data'> &
  Partial<Pick<CorruptionOptions, 'data' | 'corruptions' | 'baseline'>>;

/** `skipscale evaluate DATA [--weights FILE] [--model NAME]` */
export function evaluateCommand(): Command {
  const command = addEvaluationOptions(new Command('evaluate'))
    .description('Say how well a network classifies a data set.')
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
