import { Command } from 'commander';
import { cacheCommand } from './cache.js';
import { classifyCommand } from './classify.js';
import { evaluateCommand } from './evaluate.js';
import { plotCommand } from './plot.js';
import { scaleCommand } from './scale.js';
import { summaryCommand } from './summary.js';
import { trainCommand } from './train.js';

/** Runs the command that `argv` names, as `process.argv` does. An error is one message, and the exit code 1. */
export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command('skipscale')
    .description(
      'Residual and compound-scaled image networks: recognise images, train, look at networks, scale them.',
    )
    .addCommand(classifyCommand())
    .addCommand(trainCommand())
    .addCommand(evaluateCommand())
    .addCommand(plotCommand())
    .addCommand(summaryCommand())
    .addCommand(scaleCommand())
    .addCommand(cacheCommand());
  try {
    await program.parseAsync(argv);
  } catch (error) {
    console.error(`skipscale: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
