import { Command } from 'commander';
import { positiveInteger } from './arguments.js';
import type { ClassifyOptions } from './classify-images.js';
import { addDownloadOptions } from './download-options.js';
import { addImages, addNetworkOptions, addPartOptions } from './model-options.js';

/** `skipscale classify IMAGE… [--weights NAME|FILE] [--model NAME]` */
export function classifyCommand(): Command {
  const command = addNetworkOptions(addImages(new Command('classify')))
    .description('Say what images show.')
    .option('--top <n>', 'how many classes to name', positiveInteger, 5)
    .option('--json', 'print JSON')
    .action(async (images: string[], options: ClassifyOptions) => {
      const { classifyImages } = await import('./classify-images.js');
      await classifyImages(images, options);
    });
  return addDownloadOptions(addPartOptions(command));
}
