import { Option, type Command } from 'commander';
import type { ModelOptions } from '../index.js';
import { positiveInteger, positiveNumber } from './arguments.js';

/** What a network is besides its name. */
export type ShapeOptions = Pick<ModelOptions, 'width' | 'depth' | 'size' | 'shortcut'>;

/** Adds the options that change the network that `--model` names. */
export function addShapeOptions(command: Command): Command {
  return command
    .option('--width <x>', 'multiplies the channels of every layer', positiveNumber)
    .option('--depth <x>', 'multiplies the blocks of every stage of an EfficientNet', positiveNumber)
    .addOption(
      new Option(
        '--shortcut <kind>',
        "of a ResNet's blocks that change the shape; none takes all shortcuts away: a plain network",
      ).choices(['projection', 'pad', 'none']),
    )
    .option('--size <pixels>', "side of the images (default: the model's)", positiveInteger);
}
