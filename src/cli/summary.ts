import { Command } from 'commander';
import { addShapeOptions, MODEL_NAMES, type ShapeOptions } from './model-options.js';

/** `skipscale summary MODEL` */
export function summaryCommand(): Command {
  const command = new Command('summary')
    .description('Print a network layer by layer: shapes, parameters, multiply-adds.')
    .argument('<model>', MODEL_NAMES)
    .option('--json', 'print the rows as JSON')
    .action(async (name: string, { json, ...shape }: ShapeOptions & { json?: boolean }) => {
      const { describeModel } = await import('../models/index.js');
      const { formatSummary } = await import('../graph/index.js');
      const description = describeModel(name, shape);
      console.log(json ? JSON.stringify(description, null, 2) : formatSummary(description));
    });
  return addShapeOptions(command);
}
