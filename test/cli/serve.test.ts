import { readFileSync } from 'node:fs';
import { classify, pretrained } from '../../src/index.js';
import { skipscale } from '../helpers/skipscale.js';
import { freePort } from '../helpers/serve.js';
import { imageFile } from '../vision/golden-vision.js';

const photo = readFileSync(imageFile('baseline.jpg'));

test.each(['SIGTERM', 'SIGINT'] as const)('it answers as classify does, until %s', async (signal) => {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const result = skipscale('serve', '--port', String(port), '--workers', '0', '--top', '2');
  let isWell = false;
  while (!isWell) {
    isWell = await fetch(`${origin}/health`).then(
      ({ ok }) => ok,
      () => new Promise<boolean>((resolve) => setTimeout(resolve, 20, false)),
    );
  }
  const headers = { 'content-type': 'image/jpeg' };
  const response = await fetch(`${origin}/classify`, { method: 'POST', headers, body: photo });
  const { classes } = (await response.json()) as { classes: unknown };
  process.emit(signal);
  expect(await result).toEqual({ status: 0, stdout: `resnet20 at ${origin}/classify\n`, stderr: '' });
  const model = await pretrained('resnet20');
  expect(classes).toEqual(await classify(model.fuse(), photo, { top: 2 }));
  model.dispose();
});

test('a port that is taken is an error', async () => {
  const { createServer } = process.getBuiltinModule('node:net');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const { status, stderr } = await skipscale('serve', '--port', String(port), '--workers', '0');
  server.close();
  expect(status).toBe(1);
  expect(stderr).toContain('EADDRINUSE');
});
