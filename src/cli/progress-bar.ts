/** With at least this many images a progress bar is worth its line. */
const MANY_IMAGES = 10;

/** Runs `work` with a bar on standard error where a person watches and there are many images to wait for. */
export async function withProgressBar<T>(
  total: number,
  work: (onProgress: (done: number) => void) => Promise<T>,
): Promise<T> {
  if (total < MANY_IMAGES || !process.stderr.isTTY) return work(() => {});
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({ format: '{bar} {value}/{total} images, {eta} s left', stream: process.stderr });
  bar.start(total, 0);
  try {
    return await work((done) => bar.update(done));
  } finally {
    bar.stop();
  }
}
