import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { imageServer, type ServerOptions } from '../../../src/cli/serve/server.js';
import type { Answer } from '../../../src/vision/classify-squares.js';
import { decodeImage } from '../../../src/vision/decode-image.node.js';
import { imageFile } from '../../vision/golden-vision.js';

const photo = readFileSync(imageFile('baseline.jpg'));
const answer: Answer = {
  classes: [0.5, 0.3, 0.2].map((probability, index) => ({ label: `class ${index}`, index, probability })),
};
const options: ServerOptions = {
  name: 'tiny',
  classes: 3,
  top: 2,
  batchSize: 4,
  maxWait: 5,
  queue: 6,
  maxBytes: 1e6,
};

let app: FastifyInstance;
const batches: number[] = [];
/** Opened, batches run. */
let gate: Promise<void>;
let open: () => void;
let fails = false;

beforeEach(async () => {
  fails = false;
  batches.splice(0);
  gate = Promise.resolve();
  app = await imageServer(
    {
      prepare: decodeImage,
      classify: async (squares) => {
        batches.push(squares.length);
        await gate;
        if (fails) throw new Error('the weights are gone');
        return squares.map(() => answer);
      },
    },
    options,
  );
});
afterEach(() => app.close());

function shut(): void {
  gate = new Promise((resolve) => (open = resolve));
}

const post = (body: Buffer | string = photo, type = 'image/jpeg', url = '/classify') =>
  app.inject({ method: 'POST', url, headers: { 'content-type': type }, body });

test('an image gives its classes, as many as are asked for', async () => {
  const { statusCode, json } = await post();
  expect([statusCode, json()]).toEqual([200, { classes: answer.classes.slice(0, 2) }]);
  for (const type of ['image/png', 'application/octet-stream'])
    expect((await post(photo, type, '/classify?top=3')).json()).toEqual(answer);
});

test('requests that arrive together are one batch', async () => {
  const answers = await Promise.all(Array.from({ length: 4 }, () => post()));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 200]);
  expect(batches.reduce((sum, size) => sum + size)).toBe(4);
  expect(batches.length).toBeLessThan(4);
});

test('what is wrong with a request has its status and one line', async () => {
  const refused = async (sent: ReturnType<typeof post>, status: number, message: string) => {
    const { statusCode, json } = await sent;
    expect([statusCode, json()]).toEqual([status, { error: expect.stringContaining(message) }]);
  };
  await refused(post(''), 400, 'The body is empty');
  await refused(
    post(photo, 'image/jpeg', '/classify?top=0'),
    400,
    'top is "0"; give a whole number from 1 to 3.',
  );
  await refused(post(photo, 'image/jpeg', '/classify?top=2&top=3'), 400, 'top is ["2","3"]');
  await refused(post('{}', 'application/json'), 415, 'Unsupported Media Type');
  await refused(post(Buffer.alloc(1_000_001)), 413, 'too large');
  await refused(post(photo.subarray(0, 300)), 422, 'The image cannot be decoded');
  await refused(post('<svg xmlns="http://www.w3.org/2000/svg"/>', 'image/svg+xml'), 422, 'it is SVG');
  expect((await app.inject('/none')).statusCode).toBe(404);
  // They are not open any more.
  for (let i = 0; i < options.queue; i++) expect((await post()).statusCode).toBe(200);
});

test('what is wrong with the server is not said to everyone, and it goes on', async () => {
  const spy = jest.spyOn(console, 'error').mockImplementation(() => {});
  fails = true;
  const { statusCode, json } = await post();
  expect([statusCode, json()]).toEqual([500, { error: 'The server failed.' }]);
  expect(spy).toHaveBeenCalledWith('skipscale: the weights are gone');
  spy.mockRestore();
  fails = false;
  expect((await post()).statusCode).toBe(200);
});

test('more requests than the queue takes get 503, the others their answers, and none is lost', async () => {
  shut();
  const sent = Array.from({ length: 20 }, () => post());
  const refused = await Promise.race(sent);
  expect([refused.statusCode, refused.headers['retry-after']]).toEqual([503, '1']);
  open();
  const statuses = (await Promise.all(sent)).map(({ statusCode }) => statusCode);
  expect(statuses.filter((status) => status === 200)).toHaveLength(options.queue);
  expect(statuses.filter((status) => status === 503)).toHaveLength(20 - options.queue);
  expect((await post()).statusCode).toBe(200);

  const text = (await app.inject('/metrics')).body;
  expect(text).toContain(`skipscale_requests_total{status="200"} ${options.queue + 1}`);
  expect(text).toContain(`skipscale_requests_total{status="503"} ${20 - options.queue}`);
  expect(text).toContain('skipscale_open_requests 0');
  expect(text).toContain(`skipscale_batch_images_sum ${options.queue + 1}`);
});

test('a client that goes away leaves its place to others', async () => {
  await app.listen({ port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const sockets = Array.from({ length: options.queue }, () => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    socket.write(
      'POST /classify HTTP/1.1\r\nhost: x\r\ncontent-type: image/png\r\ncontent-length: 1000\r\n\r\nabc',
    );
    return socket;
  });
  const opened = async () =>
    Number(/skipscale_open_requests (\d+)/.exec((await app.inject('/metrics')).body)![1]);
  while ((await opened()) < options.queue) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await post()).statusCode).toBe(503);
  for (const socket of sockets) socket.destroy();
  while ((await opened()) > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await post()).statusCode).toBe(200);
});

test('when it stops, what came before is answered, and it says so to others', async () => {
  await app.listen({ port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/classify`;
  const send = () => fetch(url, { method: 'POST', headers: { 'content-type': 'image/jpeg' }, body: photo });
  shut();
  const sent = [send(), send(), send()];
  while (batches.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise((resolve) => setTimeout(resolve, 50));
  const closed = app.close();
  open();
  for (const response of await Promise.all(sent)) expect(response.status).toBe(200);
  await closed;
  await expect(send()).rejects.toThrow();
});

test('it says that it is well, and describes itself', async () => {
  expect((await app.inject('/health')).json()).toEqual({ status: 'ok', model: 'tiny' });
  const description = (await app.inject('/openapi.json')).json();
  expect(description).toMatchObject({ openapi: '3.1.0', info: { title: 'skipscale serve: tiny' } });
  expect(Object.keys(description.paths)).toEqual(['/classify', '/health', '/metrics']);
  expect(Object.keys(description.paths['/classify'].post.responses)).toEqual([
    '200',
    '400',
    '413',
    '415',
    '422',
    '503',
  ]);
});
