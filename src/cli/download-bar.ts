import { SingleBar } from 'cli-progress';
import type { FetchOptions } from '../index.js';

/** A download that takes less, in milliseconds, needs no bar. */
const MOMENT = 500;

/** Runs work that may download, with a bar on standard error where a person watches and it takes longer than a moment. */
export async function withDownloadBar<T>(
  work: (onProgress: FetchOptions['onProgress']) => Promise<T>,
): Promise<T> {
  if (!process.stderr.isTTY) return work(undefined);
  const bar = new SingleBar({
    format: '{bar} {done} of {all} MB',
    stream: process.stderr,
    clearOnComplete: true,
  });
  let begin: number | undefined;
  const onProgress = (received: number, total: number | undefined) => {
    begin ??= Date.now();
    if (Date.now() - begin < MOMENT) return;
    const payload = { done: megabytes(received), all: megabytes(total) };
    if (!bar.isActive) bar.start(total ?? received, received, payload);
    bar.setTotal(total ?? received);
    bar.update(received, payload);
  };
  try {
    return await work(onProgress);
  } finally {
    bar.stop();
  }
}

function megabytes(bytes: number | undefined): string {
  return bytes === undefined ? '?' : (bytes / 1e6).toFixed(1);
}
