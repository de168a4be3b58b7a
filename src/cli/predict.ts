import { Command, InvalidArgumentError } from 'commander';
import { positiveInteger, wholeNumber } from './arguments.js';
import { addDownloadOptions } from './download-options.js';
import { addNetworkOptions, addPartOptions } from './model-options.js';
import type { PredictCommandOptions, Shard } from './predict/options.js';

/** `skipscale predict SOURCE… --out FILE` */
export function predictCommand(): Command {
  const command = addNetworkOptions(new Command('predict'))
    .description('Write what any number of images show into a file, a row an image.')
    .argument(
      '<source...>',
      'folders, with the folders in them; patterns such as "shards/*.tar"; tar archives; .txt lists and .csv or .tsv tables of paths ' +
        'and URLs; .parquet files with images, paths or URLs; images; or - for a list on standard input',
    )
    .requiredOption('--out <file>', 'a .jsonl, .csv or .parquet file', rowsFile)
    .option('--top <n>', 'how many classes to name', positiveInteger, 5)
    .option(
      '--features <stage>',
      'write the mean of what a stage gives, too, such as stages.3, or globalPool for what the head gets',
    )
    .option(
      '--column <name>',
      "the column of images in tables (default: one of the usual names, such as 'image')",
    )
    .option('--batch-size <n>', 'images that go through the network together', positiveInteger, 32)
    .option('--shard <i/n>', 'only the i-th of n parts, from 0 on; the name of the file says which', shardOf)
    .option('--workers <n>', 'threads that decode and resize images', wholeNumber, 1)
    .option('--allow-private', 'fetch URLs of this machine and of private networks, too')
    .action(async (sources: string[], options: PredictCommandOptions) => {
      const { predictImages } = await import('./predict-images.js');
      await predictImages(sources, options);
    });
  return addDownloadOptions(addPartOptions(command));
}

function rowsFile(text: string): string {
  if (!/\.(jsonl|csv|parquet)$/i.test(text))
    throw new InvalidArgumentError('Give a file whose name ends in .jsonl, .csv or .parquet.');
  return text;
}

function shardOf(text: string): Shard {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (index === undefined || !(index < count!))
    throw new InvalidArgumentError('Give a part such as 0/8, from 0/8 to 7/8.');
  return { index, count: count! };
}
