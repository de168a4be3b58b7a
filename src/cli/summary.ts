import { Command } from 'commander';
import { buildModel, modelNames } from '../index.js';
import { addShapeOptions, type ShapeOptions } from './model-options.js';

/** `skipscale summary MODEL` */
export function summaryCommand(): Command {
  const command = new Command('summary')
    .description('Print a network layer by layer: shapes, parameters, multiply-adds.')
    .argument('<model>', `one of ${modelNames.join(', ')}`)
    .option('--json', 'print the rows as JSON')
    .action((name: string, { json, ...shape }: ShapeOptions & { json?: boolean }) => {
      const model = buildModel(name, { initialize: false, ...shape });
      console.log(json ? JSON.stringify(model.describe(), null, 2) : model.summary());
      model.dispose();
    });
  return addShapeOptions(command);
}
