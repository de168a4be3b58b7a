import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { NotInstalledError } from '../../core/not-installed.js';
import type { Answer } from '../../vision/classify-squares.js';
import type { RgbImage } from '../../vision/image.js';
import { optionalPackage } from '../optional-package.js';
import { Batcher, type BatcherOptions } from './batcher.js';
import { startMetrics } from './metrics.js';
import { openApi } from './openapi.js';

/** How a server serves. */
export interface ServerOptions extends BatcherOptions {
  /** Of the network. */
  readonly name: string;
  /** Of the network. */
  readonly classes: number;
  /** Classes of an answer where a request does not say. */
  readonly top: number;
  /** Requests that are not answered yet, at most; to others the answer is 503. */
  readonly queue: number;
  /** Bytes of an image at most. */
  readonly maxBytes: number;
}

/** What a server does with images. */
export interface ServerWork {
  /** @throws Error where the bytes are no image. */
  readonly prepare: (bytes: Uint8Array) => Promise<RgbImage>;
  /** All classes of each image, the likeliest first. */
  readonly classify: (squares: RgbImage[]) => Promise<Answer[]>;
}

/** Milliseconds in which a request has to come whole. */
const REQUEST_TIME = 30_000;

/** Seconds after which a refused request may be tried again. */
const RETRY_AFTER = 1;

/** An error of the request, with its status. */
class RequestError extends Error {
  constructor(
    readonly statusCode: number,
    message: string,
  ) {
    super(message);
  }
}

/** A server that says what images show, not listening yet. Takes fastify and prom-client. */
export async function imageServer(work: ServerWork, options: ServerOptions): Promise<FastifyInstance> {
  const { fastify } = await optionalPackage(
    () => import('fastify'),
    'Serving takes fastify',
    'fastify prom-client',
  );
  const metrics = await startMetrics();
  const { batchSize, maxWait, queue, maxBytes } = options;
  const run = async (squares: RgbImage[]) => {
    const begin = performance.now();
    const answers = await work.classify(squares);
    metrics.batch(squares.length, (performance.now() - begin) / 1000);
    return answers;
  };
  const batcher = new Batcher(run, { batchSize, maxWait });
  const app = fastify({ bodyLimit: maxBytes, requestTimeout: REQUEST_TIME });
  app.removeAllContentTypeParsers();
  for (const type of [/^image\//, 'application/octet-stream'])
    app.addContentTypeParser(type, { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  app.setErrorHandler(answerError);

  let open = 0;
  /** Counts a request before its body is read, and refuses it where too many are open. */
  const enter = async (_: FastifyRequest, reply: FastifyReply) => {
    const begin = performance.now();
    const isFull = open >= queue;
    open++;
    metrics.begin();
    reply.raw.once('close', () => {
      open--;
      metrics.end(reply.statusCode, (performance.now() - begin) / 1000);
    });
    if (!isFull) return;
    // What is not read of the body would be taken for the next request.
    reply.header('connection', 'close').header('retry-after', RETRY_AFTER);
    throw new RequestError(503, `${queue} requests wait already; try again later.`);
  };
  app.post('/classify', { onRequest: enter }, async ({ body, query }) => {
    const top = topOf(query, options);
    if (!(body instanceof Uint8Array) || body.length === 0)
      throw new RequestError(400, 'The body is empty; send the bytes of an image.');
    const square = await work.prepare(body).catch((error: Error) => {
      throw error instanceof NotInstalledError ? error : new RequestError(422, error.message);
    });
    const { classes } = await batcher.add(square);
    return { classes: classes.slice(0, top) };
  });
  app.get('/health', async () => ({ status: 'ok', model: options.name }));
  app.get('/metrics', async (_, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  app.get('/openapi.json', async () => openApi(options));
  return app;
}

function topOf(query: unknown, { top, classes }: ServerOptions): number {
  const { top: given } = query as { top?: unknown };
  if (given === undefined) return top;
  const value = Number(given);
  if (typeof given === 'string' && Number.isInteger(value) && value >= 1 && value <= classes) return value;
  throw new RequestError(400, `top is ${JSON.stringify(given)}; give a whole number from 1 to ${classes}.`);
}

/** Answers with what is wrong with a request; what is wrong with the server goes to standard error. */
function answerError(error: FastifyError, _: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode = 500 } = error;
  if (statusCode < 500 || error instanceof RequestError)
    return reply.status(statusCode).send({ error: error.message });
  console.error(`skipscale: ${error.message}`);
  return reply.status(statusCode).send({ error: 'The server failed.' });
}
