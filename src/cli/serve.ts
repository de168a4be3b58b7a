import { Command } from 'commander';
import { atLeastZero, positiveInteger, wholeNumber } from './arguments.js';
import { addDownloadOptions } from './download-options.js';
import { addNetworkOptions, addPartOptions } from './model-options.js';
import type { ServeCommandOptions } from './serve-images.js';

/** `skipscale serve [--port N]` */
export function serveCommand(): Command {
  const command = addNetworkOptions(new Command('serve'))
    .description('Say over HTTP what images show: POST /classify, GET /health, /metrics and /openapi.json.')
    .option('--port <n>', 'where to listen; 0 takes a free one', wholeNumber, 8080)
    .option('--host <address>', 'where to listen; 0.0.0.0 lets other machines in', '127.0.0.1')
    .option('--top <n>', 'how many classes to name where a request does not say', positiveInteger, 5)
    .option('--batch-size <n>', 'images that go through the network together, at most', positiveInteger, 8)
    .option('--max-wait <ms>', 'how long the first image of a batch waits for others', atLeastZero, 5)
    .option('--queue <n>', 'requests that are not answered yet, at most; others get 503', positiveInteger, 64)
    .option('--max-bytes <n>', 'the size of an image, at most', positiveInteger, 20e6)
    .option('--workers <n>', 'threads that decode and resize images', wholeNumber, 1)
    .action(async (options: ServeCommandOptions) => {
      const { serveImages } = await import('./serve-images.js');
      await serveImages(options);
    });
  return addDownloadOptions(addPartOptions(command));
}
