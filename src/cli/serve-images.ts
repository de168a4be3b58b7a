import '#backends';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { preparedSquare } from '../vision/preprocess.js';
import { withNamedModel, type NamedModelOptions } from './load-model.js';
import { PreparePool } from './predict/prepare-pool.js';
import { NetworkThread, networkOf, type Network } from './serve/network.js';
import { imageServer, type ServerWork } from './serve/server.js';

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
  if (options.workers > 0) await serveByThreads(options);
  else {
    await withNamedModel(options, async (model) => {
      const network = networkOf(model);
      const prepare = (bytes: Uint8Array) => preparedSquare(bytes, network.preprocessing);
      await serve(network, prepare, options, []);
    });
  }
}

/** Serves with the network in one thread, and others that prepare images. */
async function serveByThreads(options: ServeCommandOptions): Promise<void> {
  const thread = new NetworkThread(new URL('./network-worker.js', import.meta.url), options);
  let pool: PreparePool | undefined;
  try {
    const network = await thread.network();
    const { preprocessing } = network;
    pool = new PreparePool(new URL('./prepare-worker.js', import.meta.url), options.workers, preprocessing);
    await serve(network, (bytes) => pool!.prepare(bytes), options, [thread.failed, pool.failed]);
  } finally {
    await Promise.all([thread.close(), pool?.close()]);
  }
}

/**
 * Listens until a signal of the system comes.
 * @param failures - What end it too, with their reasons.
 */
async function serve(
  { name, classes, classify }: Network,
  prepare: ServerWork['prepare'],
  options: ServeCommandOptions,
  failures: readonly AbortSignal[],
): Promise<void> {
  const top = Math.min(options.top, classes);
  const server = await imageServer({ prepare, classify }, { ...options, name, classes, top });
  const stop = new AbortController();
  const onSignal = () => stop.abort();
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    await server.listen({ port: options.port, host: options.host });
    const { address, port, family } = server.server.address() as AddressInfo;
    console.log(`${name} at http://${family === 'IPv6' ? `[${address}]` : address}:${port}/classify`);
    const end = AbortSignal.any([stop.signal, ...failures]);
    if (!end.aborted) await once(end, 'abort');
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await server.close();
  }
  for (const failure of failures) failure.throwIfAborted();
}
