import { createInterface } from 'node:readline';

/** Milliseconds of work before anything is measured: engines compile what they find hot while it runs. */
const WARM_UP = 4000;

/**
 * Serves a parent process: warms up, says `ready`, then for each line `run` does the work once and answers with the milliseconds
 * that it took, and for `memory` with the peak of this process's memory in MiB.
 */
export async function serve(work) {
  const begin = performance.now();
  do await work();
  while (performance.now() - begin < WARM_UP);
  console.log('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'memory') {
      console.log(process.resourceUsage().maxRSS / 1024);
      continue;
    }
    const start = performance.now();
    await work();
    console.log(performance.now() - start);
  }
  process.exit(0);
}

/** The images that every peer gets: [batch, channels, size, size] or, of tfjs, [batch, size, size, channels]. */
export function pixels(batch, size = 224) {
  return Float32Array.from({ length: batch * 3 * size * size }, (_, i) => Math.sin(i));
}
