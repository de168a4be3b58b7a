import { Command } from 'commander';
import { buildModel, modelNames } from '../index.js';
import { positiveInteger } from './arguments.js';

/** `skipscale summary MODEL` */
export function summaryCommand(): Command {
  return new Command('summary')
    .description('Print a network layer by layer: shapes, parameters, multiply-adds.')
    .argument('<model>', `one of ${modelNames.join(', ')}`)
    .option('--size <pixels>', 'side of the images', positiveInteger)
    .option('--json', 'print the rows as JSON')
    .action((name: string, { size, json }: { size?: number; json?: boolean }) => {
      const model = buildModel(name, { initialize: false });
      console.log(json ? JSON.stringify(model.describe(size), null, 2) : model.summary(size));
      model.dispose();
    });
}
