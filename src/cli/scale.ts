import { Command } from 'commander';
import { amount } from './arguments.js';

interface ScaleOptions {
  parameters?: number;
  flops?: number;
  activationMemory?: number;
  json?: boolean;
}

/** What a network uses, in words. */
const resources = {
  parameters: 'parameters',
  flops: 'multiply-adds',
  activationMemory: 'bytes of activations',
} as const;

/** `skipscale scale --flops 2G` */
export function scaleCommand(): Command {
  return new Command('scale')
    .description('Find the largest EfficientNet that fits every budget given.')
    .option('--parameters <n>', 'trainable values at most, such as 10M', amount)
    .option('--flops <n>', 'multiply-adds of one image at most, such as 2G', amount)
    .option(
      '--activation-memory <bytes>',
      'bytes of all activations of one image at most, such as 300M',
      amount,
    )
    .option('--json', 'print JSON')
    .action(async ({ json, ...budget }: ScaleOptions) => {
      if (Object.keys(budget).length === 0)
        throw new Error('No budget is given; give --parameters, --flops or --activation-memory.');
      const { scaleToBudget } = await import('../models/index.js');
      const found = scaleToBudget(budget);
      if (json) {
        console.log(JSON.stringify(found, null, 2));
        return;
      }
      const { width, depth, size, dropout } = found.coefficients;
      console.log(`buildEfficientNet(${found.scale}), on the command line efficientnet-b${found.scale}`);
      console.log(
        `width ${width.toFixed(3)}, depth ${depth.toFixed(3)}, size ${size}, dropout ${dropout.toFixed(2)}`,
      );
      for (const [name, words] of Object.entries(resources) as [keyof typeof resources, string][]) {
        const fraction = found.fractions[name];
        const ofBudget = fraction === undefined ? '' : ` (${(100 * fraction).toFixed(1)} % of the budget)`;
        console.log(`${found.uses[name].toLocaleString('en-US')} ${words}${ofBudget}`);
      }
    });
}
