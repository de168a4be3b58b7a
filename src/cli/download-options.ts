import type { Command } from 'commander';
import type { LoadOptions } from '../weights/load.js';
import { positiveNumber } from './arguments.js';

/** The options of how weights are fetched. */
export interface DownloadOptions {
  config?: boolean;
  /** In seconds. */
  maxTime?: number;
  minRate?: number;
}

/** Adds the options of how weights are fetched. */
export function addDownloadOptions(command: Command): Command {
  return command
    .option('--no-config', 'do not read the config.json next to the weights')
    .option('--max-time <seconds>', 'the longest that a download takes (default: a day)', positiveNumber)
    .option('--min-rate <bytes>', 'bytes a second that come at least (default: 1024)', positiveNumber);
}

/** What the options mean to the library. */
export function fetchOptions({
  config,
  maxTime,
  minRate,
}: DownloadOptions): Pick<LoadOptions, 'config' | 'limits'> {
  return { config, limits: { maxTime: maxTime === undefined ? undefined : maxTime * 1000, minRate } };
}
