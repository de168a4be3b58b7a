#!/usr/bin/env node
import { Command } from 'commander';
import { classifyCommand } from './classify.js';
import { scaleCommand } from './scale.js';
import { summaryCommand } from './summary.js';

const program = new Command('skipscale')
  .description('Residual and compound-scaled image networks: recognise images, look at networks, scale them.')
  .addCommand(classifyCommand())
  .addCommand(summaryCommand())
  .addCommand(scaleCommand());

program.parseAsync().catch((error: unknown) => {
  console.error(`skipscale: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
