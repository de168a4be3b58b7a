import '#backends';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { classifySquares, classSettings } from '../vision/classify-squares.js';
import { preparedSquare } from '../vision/preprocess.js';
import { withNamedModel, type NamedModelOptions } from './load-model.js';
import { PreparePool } from './predict/prepare-pool.js';
import { imageServer } from './serve/server.js';

/** The options of `skipscale serve`. */
export interface ServeCommandOptions extends NamedModelOptions {
  port: number;
  host: string;
  top: number;
  batchSize: number;
  maxWait: number;
  queue: number;
  maxBytes: number;
  workers: number;
}

/** Serves until the process is asked to stop; requests that came before are answered. */
export async function serveImages(options: ServeCommandOptions): Promise<void> {
  await withNamedModel(options, async (model) => {
    model.fuse();
    const { preprocessing, architecture } = model;
    const settings = classSettings('serve', model, { top: model.classes });
    const classes = settings.classes!;
    const pool =
      options.workers > 0
        ? new PreparePool(new URL('./prepare-worker.js', import.meta.url), options.workers, preprocessing)
        : undefined;
    const work = {
      prepare: (bytes: Uint8Array) => (pool ? pool.prepare(bytes) : preparedSquare(bytes, preprocessing)),
      classify: (squares: Parameters<typeof classifySquares>[1]) => classifySquares(model, squares, settings),
    };
    const top = Math.min(options.top, classes);
    const server = await imageServer(work, { ...options, name: architecture.name, classes, top });
    const stop = new AbortController();
    const onSignal = () => stop.abort();
    process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
    try {
      await server.listen({ port: options.port, host: options.host });
      const { address, port, family } = server.server.address() as AddressInfo;
      console.log(
        `${architecture.name} at http://${family === 'IPv6' ? `[${address}]` : address}:${port}/classify`,
      );
      if (pool?.failed.aborted) stop.abort();
      pool?.failed.addEventListener('abort', onSignal);
      if (!stop.signal.aborted) await once(stop.signal, 'abort');
    } finally {
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
      await server.close();
      await pool?.close();
    }
    pool?.failed.throwIfAborted();
  });
}
