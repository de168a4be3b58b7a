import { Command } from 'commander';
import { dataArgument, positiveInteger } from './arguments.js';
import { addDownloadOptions } from './download-options.js';
import { addEvaluationOptions, addPartOptions, addShapeOptions } from './model-options.js';
import type { ReportCommandOptions } from './write-report.js';

/** `skipscale report DATA [--weights FILE] [--model NAME] --out report.html` */
export function reportCommand(): Command {
  const command = addEvaluationOptions(new Command('report'))
    .description('Judge a network by a data set, and write what there is to know as one page of HTML.')
    .option('--out <file>', 'the page to write', 'report.html')
    .option('--title <text>', "heading of the page (default: the network's name and the data)")
    .option('--images <n>', 'how many images each list shows', positiveInteger, 12)
    .option('--no-explanations', 'leave out where the network looks')
    .option('--corruptions <n>', 'how many images to corrupt, in 75 ways each', positiveInteger)
    .option('--attacks <n>', 'how many images to attack, with five radii', positiveInteger)
    .action(
      async (data: string | undefined, options: Omit<ReportCommandOptions, 'data'> & { data?: string }) => {
        const { writeReport } = await import('./write-report.js');
        await writeReport({ ...options, data: dataArgument(data, options.data, 'report') });
      },
    );
  return addDownloadOptions(addShapeOptions(addPartOptions(command)));
}
