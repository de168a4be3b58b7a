import type { Command } from 'commander';
import { positiveInteger, positiveNumber } from './arguments.js';

/** Options that scale a network. */
export interface ScaleOptions {
  width?: number;
  depth?: number;
  size?: number;
}

/** Adds the options that scale the network that `--model` names. */
export function addScaleOptions(command: Command): Command {
  return command
    .option('--width <x>', 'multiplies the channels of every layer', positiveNumber)
    .option('--depth <x>', 'multiplies the blocks of every stage of an EfficientNet', positiveNumber)
    .option('--size <pixels>', "side of the images (default: the model's)", positiveInteger);
}
