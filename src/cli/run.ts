import { Command } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { cacheCommand } from './cache.js';
import { classifyCommand } from './classify.js';
import { evaluateCommand } from './evaluate.js';
import { explainCommand } from './explain.js';
import { plotCommand } from './plot.js';
import { predictCommand } from './predict.js';
import { reportCommand } from './report.js';
import { scaleCommand } from './scale.js';
import { serveCommand } from './serve.js';
import { summaryCommand } from './summary.js';
import { trainCommand } from './train.js';

/**
 * Runs the command that `argv` names, as `process.argv` does. An error is one message, and the exit code 1. What a command
 * works with, its action imports, so that help and short commands need not wait for it.
 */
export async function run(argv: readonly string[]): Promise<void> {
  const program = new Command('skipscale')
    .description(
      'Residual and compound-scaled image networks: recognise images, train, look at networks, scale them.',
    )
    .version(packageJson.version)
    .addCommand(classifyCommand())
    .addCommand(predictCommand())
    .addCommand(serveCommand())
    .addCommand(trainCommand())
    .addCommand(evaluateCommand())
    .addCommand(reportCommand())
    .addCommand(explainCommand())
    .addCommand(plotCommand())
    .addCommand(summaryCommand())
    .addCommand(scaleCommand())
    .addCommand(cacheCommand());
  for (const command of [program, ...program.commands]) {
    const name = command === program ? 'skipscale' : `skipscale ${command.name()}`;
    command.showHelpAfterError(`${name} --help says what there is.`);
  }
  try {
    await program.parseAsync(argv);
  } catch (error) {
    console.error(`skipscale: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}
