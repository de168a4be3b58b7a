import { Command } from 'commander';
import { buildModel, modelNames } from '../index.js';
import { addScaleOptions, type ScaleOptions } from './model-options.js';

/** `skipscale summary MODEL` */
export function summaryCommand(): Command {
  const command = new Command('summary')
    .description('Print a network layer by layer: shapes, parameters, multiply-adds.')
    .argument('<model>', `one of ${modelNames.join(', ')}`)
    .option('--json', 'print the rows as JSON')
    .action((name: string, { json, ...scale }: ScaleOptions & { json?: boolean }) => {
      const model = buildModel(name, { initialize: false, ...scale });
      console.log(json ? JSON.stringify(model.describe(), null, 2) : model.summary());
      model.dispose();
    });
  return addScaleOptions(command);
}
