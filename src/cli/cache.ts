import { Command } from 'commander';

/** `skipscale cache list|clear` */
export function cacheCommand(): Command {
  const command = new Command('cache').description('Show or remove the weights that were downloaded.');
  command
    .command('list')
    .description('Show the files with their sizes in bytes.')
    .action(async () => {
      const { cacheFolder, listCache } = await import('../weights/sources/cache.js');
      const files = await listCache();
      for (const { path, size, partial } of files) {
        console.log(`${size}\t${path}${partial ? ' (unfinished)' : ''}`);
      }
      if (files.length === 0) console.log(`Nothing is kept in ${cacheFolder()}.`);
    });
  command
    .command('clear')
    .description('Remove the files.')
    .action(async () => {
      const { clearCache } = await import('../weights/sources/cache.js');
      await clearCache();
    });
  return command;
}
