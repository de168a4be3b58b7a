import { Command } from 'commander';
import { dataArgument, positiveInteger } from './arguments.js';
import { addDownloadOptions } from './download-options.js';
import {
  addPartOptions,
  addShapeOptions,
  classesOption,
  conventionOption,
  labelsOption,
  MODEL_NAMES,
} from './model-options.js';
import type { ReportCommandOptions } from './write-report.js';

/** `skipscale report DATA [--weights FILE] [--model NAME] --out report.html` */
export function reportCommand(): Command {
  const command = new Command('report')
    .description('Judge a network by a data set, and write what there is to know as one page of HTML.')
    .argument('[data]', 'a folder or tar archive with one folder a class; files of CIFAR or MNIST')
    .option('--data <path>', 'the same')
    .option(
      '--weights <file>',
      "a folder that train wrote, or what classify takes (default: the package's for CIFAR-10)",
    )
    .option('--model <name>', `${MODEL_NAMES} (default: what the weights are of)`)
    .addOption(conventionOption("the weights' or the model's"))
    .addOption(classesOption())
    .addOption(labelsOption())
    .option('--out <file>', 'the page to write', 'report.html')
    .option('--title <text>', "heading of the page (default: the network's name and the data)")
    .option('--images <n>', 'how many images each list shows', positiveInteger, 12)
    .option('--no-explanations', 'leave out where the network looks')
    .option('--corruptions <n>', 'how many images to corrupt, in 75 ways each', positiveInteger)
    .option('--attacks <n>', 'how many images to attack, with five radii', positiveInteger)
    .option('--batch-size <n>', 'images that go through the network together', positiveInteger, 128)
    .option('--skip-broken', 'leave out images that cannot be decoded')
    .action(
      async (data: string | undefined, options: Omit<ReportCommandOptions, 'data'> & { data?: string }) => {
        const { writeReport } = await import('./write-report.js');
        await writeReport({ ...options, data: dataArgument(data, options.data, 'report') });
      },
    );
  return addDownloadOptions(addShapeOptions(addPartOptions(command)));
}
